// @ts-check
/** How many frames are analysed: as many as wanted, fewer on a slow device, and how that is reported. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { INITIAL, isSlow, next } from '../../www/assets/flow.js';
import { LONGEST_INTERVAL_MS, Pace, spaced_ms } from '../../www/assets/pace.js';

/**
 * A camera and a device: the times of the frames that are taken. Frames that arrive during an analysis are not offered.
 * @param {Pace} pace
 * @param {{everyMs: number, costMs: (t: number) => number, fromMs?: number, forMs: number, jitter?: number[]}} run
 */
function record(pace, { everyMs, costMs, fromMs = 0, forMs, jitter = [0] }) {
  /** @type {number[]} */
  const taken = [];
  let freeAt = -Infinity;
  let cost = 0;
  for (let index = 0; index * everyMs < forMs; index++) {
    const now = fromMs + index * everyMs + (jitter[index % jitter.length] ?? 0);
    if (now < freeAt) continue;
    if (cost > 0) pace.spent(cost);
    cost = 0;
    if (!pace.takes(now)) continue;
    taken.push(now);
    cost = costMs(now);
    freeAt = now + cost;
  }
  return taken;
}

/** Frames per second over the last two seconds. @param {number[]} times */
const lately = (times) => times.filter((t) => t > (times.at(-1) ?? 0) - 2000).length / 2;

test('a fast device analyses as many frames as wanted, whatever the camera delivers', () => {
  /** @type {[string, number, number, number, number[]][]} */
  const cases = [
    ['every frame of a usual camera', 33, 1000 / 30, 30, [0]],
    ['every frame of a jittery camera', 33, 1000 / 30, 30, [0, 6, -5, 3, -6]],
    ['every frame of a camera that jitters around the wanted rate', 33, 33, 30, [0, 6, -5, 3, -6]],
    ['every second frame of a fast camera', 33, 1000 / 60, 30, [0]],
    ['twenty of thirty', 50, 1000 / 30, 20, [0]],
    ['eight of thirty', 125, 1000 / 30, 8, [0]],
    ['everything that a slow camera delivers', 33, 100, 10, [0]],
  ];
  for (const [about, wantedMs, everyMs, expected, jitter] of cases) {
    const pace = new Pace(wantedMs);
    const rate = lately(record(pace, { everyMs, costMs: () => 5, forMs: 6000, jitter }));
    assert.ok(Math.abs(rate - expected) <= 1, `${about}: ${rate}`);
    assert.ok(Math.abs((pace.rate ?? 0) - expected) <= 1, `${about}, reported: ${pace.rate}`);
  }
});

test('a slow device analyses fewer frames to keep some time free, but eight if it can', () => {
  /** @type {[number, number, number][]} cost of a frame, rate from, rate to */
  const cases = [
    [10, 29, 31],
    [20, 29, 31],
    [40, 14.5, 18.5],
    [60, 10.5, 12.5],
    [80, 8, 9.5],
    [100, 7.5, 8.5],
    [150, 6, 7],
  ];
  for (const [cost, from, to] of cases) {
    const pace = new Pace(33);
    const rate = lately(record(pace, { everyMs: 1000 / 30, costMs: () => cost, forMs: 8000 }));
    assert.ok(rate >= from && rate <= to, `${cost} ms: ${rate}`);
    assert.ok(pace.interval_ms <= LONGEST_INTERVAL_MS);
  }
});

test('one slow frame changes little, and recovery is slow', () => {
  const pace = new Pace(33);
  record(pace, { everyMs: 33, costMs: () => 10, forMs: 3000 });
  pace.spent(100);
  assert.ok(pace.interval_ms < 60, `one slow frame: ${pace.interval_ms}`);
  for (let index = 0; index < 12; index++) pace.spent(70);
  assert.ok(pace.interval_ms > 90, `many slow frames: ${pace.interval_ms}`);
  const steps = [pace.interval_ms];
  for (let index = 0; index < 100; index++) {
    pace.spent(10);
    steps.push(pace.interval_ms);
  }
  for (const [index, step] of steps.slice(1).entries()) {
    const before = steps[index] ?? 0;
    assert.ok(step <= before && before - step < before * 0.06, `step ${index}: ${before} to ${step}`);
  }
  assert.equal(steps.at(-1), 33);
});

test('missed frames are not made up for in a burst', () => {
  const pace = new Pace(100);
  record(pace, { everyMs: 10, costMs: () => 1, forMs: 1000 });
  const after = record(pace, { everyMs: 10, costMs: () => 1, fromMs: 3000, forMs: 500 });
  assert.ok(after.length <= 7, `${after}`);
});

test('the rate is not reported before it is meaningful, and a pause does not count as slow', () => {
  const pace = new Pace(33);
  record(pace, { everyMs: 33, costMs: () => 1, forMs: 200 });
  assert.equal(pace.rate, null);
  record(pace, { everyMs: 33, costMs: () => 1, fromMs: 200, forMs: 2000 });
  const before = pace.rate ?? 0;
  record(pace, { everyMs: 33, costMs: () => 1, fromMs: 60_000, forMs: 100 });
  assert.ok(Math.abs((pace.rate ?? 0) - before) < 2, `${before} to ${pace.rate}`);
});

test('the flow knows the rate while frames are analysed, and says when the device is slow', () => {
  const at = (/** @type {any} */ more) => ({ ...INITIAL, ...more });
  for (const name of ['align', 'preparing', 'recording']) {
    assert.equal(next(at({ name }), { type: 'RATE', rate: 12 }).rate, 12, name);
  }
  assert.equal(next(at({ name: 'align', rate: 12 }), { type: 'ALIGNED' }).rate, 12, 'kept between steps');
  assert.equal(next(at({ name: 'paused', rate: 12 }), { type: 'RETRY' }).rate, null, 'measured again after a pause');
  /** @type {[number | null, number, boolean][]} */
  const cases = [[null, 33, false], [30, 33, false], [8, 33, false], [7, 33, true], [7, 125, false], [6, 125, true]];
  for (const [rate, frame_interval_ms, slow] of cases) {
    assert.equal(
      isSlow(at({ rate, session: { frame_interval_ms } })),
      slow,
      `${rate} frames, one every ${frame_interval_ms} ms wanted`,
    );
  }
});

test('while nobody is in view few frames are analysed, which says nothing about the device', () => {
  const pace = new Pace(50);
  const run = (/** @type {number} */ fromMs) =>
    record(pace, { everyMs: 1000 / 30, costMs: () => 5, fromMs, forMs: 4000 });
  run(0);
  const before = pace.rate;
  pace.rest(true);
  const resting = lately(run(4000));
  assert.ok(resting >= 3 && resting <= 4.5, `${resting} frames a second`);
  assert.equal(pace.rate, before);
  pace.rest(false);
  assert.ok(lately(run(8000)) > 18);
  assert.ok(Math.abs((pace.rate ?? 0) - (before ?? 0)) < 1, `${pace.rate}, before ${before}`);
});

test('the frames of a long challenge with prompts are spread over its time, and those of any other are not', () => {
  const cases = [
    ['prompted', 54_000, 30],
    ['prompted', 108_000, 60],
    ['tone_guided', 600_000, 100],
    ['natural', 600_000, 0],
  ];
  for (const [policy, timeout_ms, expected] of cases) {
    assert.equal(spaced_ms({ policy: String(policy), timeout_ms: Number(timeout_ms) }), expected, `${policy}`);
  }
  const source = readFileSync(new URL('../../engine/src/frame_record.rs', import.meta.url), 'utf8');
  assert.match(source, /MAX_FRAMES: usize = 1800;/, 'as many frames as the engine records');
  const pace = new Pace(33);
  pace.space(30);
  assert.equal(pace.interval_ms, 33);
  pace.space(60);
  assert.equal(pace.interval_ms, 60);
});
