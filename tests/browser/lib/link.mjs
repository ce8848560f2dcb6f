// A link between a browser and a server that can turn bad: a TCP proxy that then carries 50 kbit/s, cuts connections,
// and refuses new ones for a while after each cut.
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes that are forwarded at once. */
const PIECE = 512;

/**
 * Opens a link, at first perfect. `bytesBetweenCuts`: least and most bytes towards the server between two cuts;
 * `gone_ms`: least and most time without new connections after a cut. (If only its old connection is cut, a browser
 * silently repeats the request.)
 * @param {{bitsPerSecond?: number, bytesBetweenCuts?: [number, number], gone_ms?: [number, number], seed?: number}}
 *   options
 */
export async function openLink({
  bitsPerSecond = 50_000,
  bytesBetweenCuts = [6_000, 24_000],
  gone_ms = [300, 1500],
  seed = 1,
} = {}) {
  const random = seeded(seed);
  const between = ([least, most]) => least + random() * (most - least);
  const untilCut = () => between(bytesBetweenCuts);
  let target = 0;
  let bad = false;
  let carried = 0;
  let cuts = 0;
  let goneUntil_ms = 0;
  let nextCut = untilCut();
  const open = new Set();

  /** Each direction forwards one piece at a time, whatever its connection. */
  const lane = () => {
    let free_ms = 0;
    return async (bytes) => {
      if (!bad) return;
      const now = performance.now();
      free_ms = Math.max(free_ms, now) + (bytes * 8000) / bitsPerSecond;
      await sleep(free_ms - now);
    };
  };
  const [up, down] = [lane(), lane()];

  const carry = async (from, to, turn, passed) => {
    for await (const chunk of from) {
      for (let at = 0; at < chunk.length; at += PIECE) {
        const piece = chunk.subarray(at, at + PIECE);
        await turn(piece.length);
        if (to.destroyed || passed(piece.length)) return;
        to.write(piece);
      }
    }
    to.end();
  };

  const proxy = createServer((near) => {
    if (bad && performance.now() < goneUntil_ms) return near.resetAndDestroy();
    const far = connect(target, '127.0.0.1');
    const cut = () => {
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    for (const end of [near, far]) {
      open.add(end);
      end.on('error', cut);
      end.on('close', () => {
        open.delete(end);
      });
    }
    carry(near, far, up, (bytes) => {
      if (!bad) return false;
      carried += bytes;
      if (carried < nextCut) return false;
      nextCut = carried + untilCut();
      cuts += 1;
      goneUntil_ms = performance.now() + between(gone_ms);
      for (const end of open) end.resetAndDestroy();
      return true;
    }).catch(cut);
    carry(far, near, down, () => false).catch(cut);
  }).listen(0, '127.0.0.1');
  await new Promise((done) => {
    proxy.once('listening', done);
  });

  return {
    base: `http://localhost:${proxy.address().port}`,
    /** @param {string} base the server at the other end */
    to(base) {
      target = Number(new URL(base).port);
    },
    turnBad() {
      bad = true;
    },
    turnGood() {
      bad = false;
    },
    cuts: () => cuts,
    /** Bytes towards the server since the link turned bad. */
    carried: () => carried,
    async close() {
      for (const end of open) end.destroy();
      await new Promise((done) => {
        proxy.close(done);
      });
    },
  };
}

/** A reproducible sequence of numbers from 0 to 1 (mulberry32). */
function seeded(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
