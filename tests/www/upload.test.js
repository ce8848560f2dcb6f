// @ts-check
/** Interrupted uploads: to a server that keeps what arrives, over a connection that loses requests and answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { Problem, isAbort } from '../../www/assets/problem.js';
import { GIVE_UP_AFTER_MS, LARGEST_CHUNK, pauseMs, submit } from '../../www/assets/submit.js';

/** @typedef {import('../../www/assets/types.js').Submission} Submission */
/** The fate of a request: it arrives; it is lost; it arrives but its answer is lost; or it is refused.
 * @typedef {'ok' | 'lost' | 'answer lost' | Error} Fate */

const SIZE = 70_000;
const ANSWER = {
  status: /** @type {const} */ ('VERIFIED'), reason: null, message: 'ok', attempts_left: 2, cool_down_s: 0,
};

/** Bytes that all differ from their neighbours, in four parts. @returns {Submission} */
function submission() {
  const part = (/** @type {number} */ from, /** @type {number} */ to) =>
    new Blob([Uint8Array.from({ length: to - from }, (_, index) => (from + index) % 251)]);
  return {
    challenge_id: 'c',
    transcript: part(0, 3000),
    open: part(3000, 30_000),
    closed: part(30_000, 50_000),
    strip: part(50_000, SIZE),
    idempotency_key: 'key-1',
    begun: false,
  };
}

/** Uploads over a connection with these fates, one per request; the last one repeats.
 * @param {Fate[] | (() => Fate)} fates
 * @param {{submission?: Submission, has?: number, forgetsAfter?: number}} [about] `has`: bytes that arrived before */
async function upload(fates, { submission: what = submission(), has = 0, forgetsAfter = Infinity } = {}) {
  const whole = new Uint8Array(await new Blob([what.transcript, what.open, what.closed, what.strip]).arrayBuffer());
  let server = whole.slice(0, has);
  let now = 0;
  let requests = 0;
  let decided = 0;
  /** @type {string[]} */
  const told = [];
  /** @type {number[]} */
  const chunks = [];
  /** @type {number[]} */
  const shown = [];
  let waitedOnline = 0;

  /** @template T @param {() => Promise<T>} act @returns {Promise<T>} */
  const asked = async (act) => {
    const fate = typeof fates === 'function' ? fates() : fates[Math.min(requests, fates.length - 1)];
    requests += 1;
    if (requests === forgetsAfter) server = new Uint8Array();
    if (fate instanceof Error) throw fate;
    if (fate === 'lost') throw new Problem('network');
    const answer = await act();
    if (fate === 'answer lost') throw new Problem('network');
    return answer;
  };
  const result = await submit(what, {
    received: () => asked(async () => server.length),
    append: (_, offset, chunk) => asked(async () => {
      chunks.push(chunk.size);
      if (offset !== server.length) throw new Problem('upload_offset', { status: 409 });
      server = new Uint8Array(await new Blob([server, chunk]).arrayBuffer());
      return server.length;
    }),
    decide: () => asked(async () => {
      if (server.length !== whole.length && decided === 0) throw new Problem('upload_incomplete', { status: 409 });
      decided += 1;
      assert.deepEqual(server, whole, 'the server has other bytes');
      return ANSWER;
    }),
    delay: async (ms) => { now += ms; },
    online: async () => { waitedOnline += 1; },
    now: () => now,
    random: () => 0.5,
    progress: ({ loaded, total }) => { assert.equal(total, SIZE); shown.push(loaded); },
    again: (code) => told.push(code),
  }).catch((error) => error);
  return { result, told, chunks, shown, requests, decided, now, waitedOnline };
}

test('without losses every byte is sent once, without asking for the offset', async () => {
  const { result, chunks, shown, requests, told } = await upload(['ok']);
  assert.equal(result, ANSWER);
  assert.deepEqual(chunks, [16_384, 16_384, 16_384, 16_384, 4464]);
  assert.equal(requests, 6);
  assert.deepEqual(shown, [0, 16_384, 32_768, 49_152, 65_536, SIZE]);
  assert.deepEqual(told, []);
});

test('a chunk is as large as the server accepts', () => {
  const { paths } = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  assert.equal(paths['/api/submission/{challenge}'].patch['x-max-body'], LARGEST_CHUNK);
});

test('after a loss the upload resumes at the server’s offset, first with smaller chunks', async () => {
  const lost = await upload(['ok', 'lost', 'ok']);
  assert.equal(lost.result, ANSWER);
  assert.deepEqual(lost.chunks, [16_384, 8192, 16_384, 16_384, 12_656]);
  assert.deepEqual(lost.told, ['network']);
  const arrived = await upload(['ok', 'answer lost', 'ok']);
  assert.deepEqual(arrived.chunks, [16_384, 16_384, 8192, 16_384, 12_656], 'bytes that arrived are not sent again');
});

test('a lost answer is requested again, and nothing is sent twice', async () => {
  const { result, decided, chunks, requests } = await upload(['ok', 'ok', 'ok', 'ok', 'ok', 'answer lost', 'ok']);
  assert.equal(result, ANSWER);
  assert.deepEqual([decided, chunks.length, requests], [2, 5, 7]);
});

test('whatever is lost, the server gets the same bytes', async () => {
  let seed = 1;
  const random = () => { seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0; return seed / 2 ** 32; };
  for (let round = 0; round < 40; round += 1) {
    const losses = (round % 5) / 10;
    const fate = () => { const r = random(); return r > losses ? 'ok' : r > losses / 2 ? 'lost' : 'answer lost'; };
    const { result, shown } = await upload(fate);
    assert.equal(result, ANSWER, `round ${round}`);
    assert.equal(shown.at(-1), SIZE);
  }
});

test('a server that lost everything gets it again', async () => {
  for (const forgetsAfter of [3, 6]) {
    const { result, told } = await upload(['ok'], { forgetsAfter });
    assert.deepEqual([result, told], [ANSWER, []], `forgetting at request ${forgetsAfter}`);
  }
});

test('a resumed upload asks for the offset first', async () => {
  const { result, shown, chunks } = await upload(['ok'], { submission: { ...submission(), begun: true }, has: 60_000 });
  assert.equal(result, ANSWER);
  assert.deepEqual([shown[0], chunks], [60_000, [10_000]]);
});

test('the person is told what is wrong, and the server’s requested pause is respected', async () => {
  const busy = await upload([new Problem('busy', { status: 503, retryAfterMs: 5000 }), 'ok']);
  assert.deepEqual([busy.told, busy.now], [['busy'], 6250]);
  const offline = await upload([new Problem('offline'), 'ok']);
  assert.deepEqual([offline.told, offline.waitedOnline], [['offline'], 1]);
  assert.deepEqual((await upload(['lost', new Problem('busy', { status: 503 }), 'ok'])).told, ['network', 'busy']);
  assert.deepEqual([pauseMs(1, null, 0), pauseMs(1, null, 1)], [500, 750]);
  assert.equal(pauseMs(99, null, 0), 8000);
});

test('after `busy` the upload continues without asking, with chunks of the same size', async () => {
  const busy = new Problem('busy', { status: 503, retryAfterMs: 5000 });
  const { result, chunks, requests, told } = await upload([busy, busy, 'ok']);
  assert.deepEqual([result, told, requests], [ANSWER, ['busy', 'busy'], 8]);
  assert.equal(chunks[0], LARGEST_CHUNK);
});

test('a refusal is final, whatever it is', async () => {
  for (const code of [
    'session_expired',
    'challenge_unknown',
    'challenge_expired',
    'challenge_used',
    'too_large',
    'submission_malformed',
    'too_many_requests',
  ]) {
    const { result, requests } = await upload([new Problem(code, { status: 410 })]);
    assert.deepEqual([result.code, requests], [code, 1]);
  }
});

test('retries end when nothing arrives any more', async () => {
  const { result, now, requests } = await upload(['lost']);
  assert.equal(result.code, 'network');
  assert.ok(now <= GIVE_UP_AFTER_MS && requests > 10, `${requests} requests in ${now} ms`);
});

test('an aborted upload is not retried', async () => {
  const { result, requests } = await upload([new DOMException('gone', 'AbortError')]);
  assert.ok(isAbort(result));
  assert.equal(requests, 1);
});
