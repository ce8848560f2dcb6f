// @ts-check
/** Frames of a simulated camera, read by a simulated engine. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { INITIAL } from '../../www/assets/flow.js';
import { FrameWatch } from '../../www/assets/frame-watch.js';

/** @typedef {import('../../www/assets/types.js').Observation} Observation */

/** @type {Observation} */
const GOOD = {
  t_ms: 0, faces: 1, gate: 'ok', direction: null, state: 'open', ear_right: 0.3, ear_left: 0.3, settled: true,
  phase: 'idle', progress: 0, remaining_ms: null, timed_out: false, prompt: null, box: null, blink: null,
};

/** What this page reads of browsers and Node lacks. */
const BROWSER = { OffscreenCanvas: class {}, createImageBitmap: async () => ({ close() {} }) };
before(() => { Object.assign(globalThis, BROWSER); });
after(() => { for (const name of Object.keys(BROWSER)) Reflect.deleteProperty(globalThis, name); });

/** A watch in this state, and what it does with frames. @param {import('../../www/assets/flow.js').StateName} name */
function watchIn(name) {
  /** @type {((now_ms: number, metadata: {mediaTime: number}) => void)[]} */
  let callbacks = [];
  const video = {
    readyState: 4, HAVE_CURRENT_DATA: 2, videoWidth: 640, videoHeight: 480,
    requestVideoFrameCallback: (/** @type {any} */ step) => callbacks.push(step),
  };
  /** @type {string[]} */
  const hints = [];
  const hint = (/** @type {{code: string}} */ { code }) => hints.push(code);
  /** @type {string[]} */
  const tones = [];
  const tone = (/** @type {string} */ name) => tones.push(name);
  const view = /** @type {any} */ ({ video, hint, tone, progress() {} });
  /** @type {string[]} */
  const events = [];
  let failures = 0;
  const state = () => ({ ...INITIAL, name });
  const watch = new FrameWatch(view, ({ type }) => events.push(type), state, () => { failures += 1; });
  return {
    watch, hints, events, tones,
    failures: () => failures,
    /** Plays a frame and waits until it has been dealt with. @param {number} now_ms */
    async frame(now_ms) {
      const due = callbacks;
      callbacks = [];
      for (const step of due) step(now_ms, { mediaTime: now_ms / 1000 });
      await new Promise((resolve) => { setImmediate(resolve); });
    },
  };
}

/** @param {Partial<Observation>} [change] */
const seeing = (change = {}) => ({ push: async () => ({ observation: { ...GOOD, ...change }, spent_ms: 1 }) });

test('a face that is in place for long enough starts the challenge', async () => {
  const { watch, frame, events } = watchIn('align');
  watch.start(seeing());
  for (const now_ms of [1000, 1300, 1500]) await frame(now_ms);
  assert.deepEqual(events, []);
  await frame(1700);
  assert.deepEqual(events, ['ALIGNED']);
  watch.stop();
});

test('a recording ends when the engine says so, and in a prompted one the prompter decides', async () => {
  /** @type {[Partial<Observation>, boolean, string[]][]} */
  const cases = [
    [{ phase: 'complete' }, false, ['COMPLETE']],
    [{ phase: 'complete' }, true, []],
    [{ timed_out: true }, true, ['TIMED_OUT']],
    [{}, true, []],
  ];
  for (const [change, isPrompted, expected] of cases) {
    const { watch, frame, events } = watchIn('recording');
    let observed = 0;
    if (isPrompted) watch.prompter = /** @type {any} */ ({ observe() { observed += 1; } });
    watch.start(seeing(change));
    await frame(1000);
    watch.stop();
    assert.deepEqual([events, observed], [expected, isPrompted ? 1 : 0], JSON.stringify(change));
  }
});

test('frames from before a challenge do not reach the engine, and none does after the end', async () => {
  const { watch, frame } = watchIn('recording');
  let pushed = 0;
  watch.start({ push: async () => { pushed += 1; return { observation: GOOD, spent_ms: 1 }; } });
  watch.ignoreBefore(2000);
  assert.equal(watch.from_ms, 2000);
  await frame(1900);
  assert.equal(pushed, 0);
  await frame(2100);
  assert.equal(pushed, 1);
  watch.stop();
  await frame(2200);
  assert.equal(pushed, 1);
});

test('a failing engine is reported once it has been dropped', async () => {
  const { watch, frame, events, failures } = watchIn('align');
  watch.start({ push: () => Promise.reject(new Error('trap')) });
  await frame(1000);
  assert.deepEqual([events, failures()], [['FAILED'], 1]);
  watch.stop();
});

test('during a turn, other hints are shown, those that it causes are not; during a blink, none is', async () => {
  /** @type {[import('../../www/assets/types.js').Prompt['ask'], string, string[], string][]} */
  const cases = [
    ['turn_left', 'too_far', ['too_far'], 'seek'],
    ['turn_right', 'no_face', ['no_face'], 'seek'],
    ['turn_left', 'turned', [], 'blink'],
    ['turn_back', 'turned', [], 'blink'],
    ['once', 'too_far', [], 'seek'],
    ['once', 'turned', [], 'seek'],
    ['wait', 'turned', ['turned'], 'seek'],
  ];
  for (const [ask, gate, expected, tone] of cases) {
    const { watch, frame, hints, tones } = watchIn('recording');
    watch.start(seeing({ gate, prompt: { done: 0, steps: 3, ask } }));
    watch.showHint(`ask_${ask}`);
    const now_ms = performance.now();
    for (let t = 0; t < 2000; t += 100) await frame(now_ms + t);
    watch.stop();
    assert.deepEqual([hints.slice(1), tones.at(-1)], [expected, tone], `${gate} during ${ask}`);
  }
});

test('an empty picture is looked at less often, but never in a recording, and a face ends that at once', async () => {
  for (const name of /** @type {const} */ (['align', 'recording'])) {
    const { watch, frame } = watchIn(name);
    let faces = 0;
    let analysed = 0;
    watch.start({
      push: async () => {
        analysed += 1;
        return { observation: { ...GOOD, faces, gate: faces === 0 ? 'no_face' : 'ok', settled: false }, spent_ms: 1 };
      },
    });
    /** Frames analysed in a second of 20 frames. @param {number} from_ms */
    const inSecond = async (from_ms) => {
      const before = analysed;
      for (let at = 0; at < 1000; at += 50) await frame(from_ms + at);
      return analysed - before;
    };
    for (const from_ms of [1000, 2000, 3000]) assert.equal(await inSecond(from_ms), 20, `${name}, at first`);
    await inSecond(4000);
    const later = await inSecond(5000);
    if (name === 'align') assert.ok(later >= 4 && later <= 5, `${later} frames`);
    else assert.equal(later, 20);
    faces = 1;
    await inSecond(6000);
    assert.equal(await inSecond(7000), 20, 'somebody is there');
    watch.stop();
  }
});
