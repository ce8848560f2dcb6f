// @ts-check
/** Which hint is shown, and for how long. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { MIN_SHOWN_MS, PRIORITY, WINDOW_MS, advance, showNow, wanted } from '../../www/assets/hints.js';

/** @typedef {import('../../www/assets/types.js').Observation} Observation */

/** @type {Observation} */
const GOOD = {
  t_ms: 0, faces: 1, gate: 'ok', direction: null, state: 'open', ear_right: 0.3, ear_left: 0.3, settled: true,
  phase: 'idle', progress: 0, remaining_ms: null, timed_out: false, prompt: null, box: null, blink: null,
};

/**
 * The hint after each change, for codes requested at 30 frames per second.
 * @param {[from_ms: number, code: string][]} asked @param {number} end_ms
 */
function shown(asked, end_ms) {
  let state = showNow('starting', 0);
  /** @type {[number, string][]} */
  const changes = [];
  for (let t = 0; t <= end_ms; t += 33) {
    const code = asked.filter(([from]) => from <= t).at(-1)?.[1] ?? 'starting';
    const before = state.shown;
    state = advance(state, { code, direction: null }, t);
    if (state.shown !== before) changes.push([t, state.shown.code]);
  }
  return changes;
}

test('each observation asks for one hint', () => {
  /** @type {[Partial<Observation>, 'align' | 'preparing' | 'recording', string, (string | null)?][]} */
  const cases = [
    [{}, 'align', 'hold'],
    [{ settled: false }, 'align', 'settling'],
    [{}, 'preparing', 'preparing'],
    [{}, 'recording', 'blink'],
    [{ state: 'closed' }, 'recording', 'open_again'],
    [{ state: 'closing' }, 'recording', 'blink'],
    [{ gate: 'several_faces', faces: 2 }, 'recording', 'several_faces'],
    [{ prompt: { done: 0, steps: 3, ask: 'wait' } }, 'recording', 'ask_wait'],
    [{ prompt: { done: 0, steps: 3, ask: 'wait' }, gate: 'too_far' }, 'recording', 'too_far'],
    [{ prompt: { done: 1, steps: 3, ask: 'twice' }, gate: 'too_far' }, 'recording', 'ask_twice'],
    [{ gate: 'no_face', faces: 0 }, 'align', 'no_face'],
    [{ gate: 'off_center', direction: 'left' }, 'align', 'off_center', 'left'],
    [{ gate: 'too_dark', direction: 'left' }, 'align', 'too_dark', 'left'],
    [{ gate: 'too_dark' }, 'align', 'too_dark'],
  ];
  for (const [change, phase, code, direction = null] of cases) {
    assert.deepEqual(
      wanted({ ...GOOD, ...change }, phase),
      { code, direction },
      `${JSON.stringify(change)} in ${phase}`,
    );
  }
});

test('a hint appears after it has led for 300 to 500 ms', () => {
  const [[first] = [0]] = shown([[1000, 'too_far']], 3000);
  assert.ok(first - 1000 >= 300 && first - 1000 <= 500, `came after ${first - 1000} ms`);
});

test('a hint stays long enough to be read', () => {
  const changes = shown([[1000, 'too_far'], [1500, 'too_dark'], [1900, 'hold']], 5000);
  for (let i = 1; i < changes.length; i += 1) {
    const [since = 0] = changes[i - 1] ?? [];
    assert.ok((changes[i]?.[0] ?? 0) - since >= MIN_SHOWN_MS, JSON.stringify(changes));
  }
  assert.equal(changes.at(-1)?.[1], 'hold');
});

test('a flicker of a few frames is never shown', () => {
  assert.deepEqual(shown([[1000, 'blurred'], [1150, 'starting']], 3000), []);
  assert.deepEqual(shown([[1000, 'hold'], [2000, 'blurred'], [2200, 'hold']], 4000).map(([, code]) => code), ['hold']);
});

test('of two alternating hints the more urgent one is shown and stays', () => {
  let state = showNow('starting', 0);
  const codes = [];
  for (let i = 0; i < 120; i += 1) {
    const before = state.shown;
    state = advance(state, { code: i % 2 ? 'blurred' : 'too_dark', direction: null }, 1000 + i * 33);
    if (state.shown !== before) codes.push(state.shown.code);
  }
  assert.equal(codes[0], 'too_dark');
  assert.equal(codes.length, 1, codes.join());
});

test('the direction is part of the hint', () => {
  let state = showNow('starting', 0);
  for (let t = 1000; t < 2500; t += 33) state = advance(state, { code: 'off_center', direction: 'left' }, t);
  assert.deepEqual(state.shown, { code: 'off_center', direction: 'left' });
  for (let t = 2500; t < 4000; t += 33) state = advance(state, { code: 'off_center', direction: 'right' }, t);
  assert.deepEqual(state.shown, { code: 'off_center', direction: 'right' });
});

test('slow devices get hints too', () => {
  let state = showNow('starting', 0);
  for (let t = 0; t <= 2500; t += 500) state = advance(state, { code: 'too_far', direction: null }, t);
  assert.equal(state.shown.code, 'too_far');
});

test('the history of hints does not grow', () => {
  let state = showNow('starting', 0);
  for (let t = 0; t < 60_000; t += 10) state = advance(state, { code: 'hold', direction: null }, t);
  assert.ok(state.recent.length <= WINDOW_MS / 10 + 1);
});

test('no code has two priorities', () => {
  assert.equal(new Set(PRIORITY).size, PRIORITY.length);
});
