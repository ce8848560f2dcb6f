// @ts-check
/** Camera frames as browsers hold them: where their samples are, and how they have to be turned. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { SIDE, UPRIGHT, isUpright, turnBetween } from '../../www/assets/orientation.js';
import { isReadable, layoutOf } from '../../www/assets/planes.js';

test('the samples of each kind of frame are found, and unknown kinds are left alone', () => {
  const planes = [{ offset: 0, stride: 8 }, { offset: 64, stride: 8 }, { offset: 96, stride: 4 }];
  /** @type {[format: string | null, count: number, samples: number[] | null][]} */
  const cases = [
    ['I420', 3, [0, 1, 8, 64, 1, 8, 96, 1, 4]],
    ['I420A', 3, [0, 1, 8, 64, 1, 8, 96, 1, 4]],
    ['NV12', 2, [0, 1, 8, 64, 2, 8, 65, 2, 8]],
    ['RGBA', 1, [0, 4, 8, 1, 4, 8, 2, 4, 8]],
    ['BGRX', 1, [2, 4, 8, 1, 4, 8, 0, 4, 8]],
    ['I444', 3, null],
    ['I420P10', 3, null],
    [null, 3, null],
    // A browser that converts what it was not asked to convert.
    ['I420', 1, null],
  ];
  for (const [format, count, samples] of cases) {
    const layout = layoutOf(format, planes.slice(0, count));
    assert.deepEqual(layout?.samples ?? null, samples, `${format}, ${count} planes`);
    if (layout) assert.equal(layout.isYuv, !/^(RGB|BGR)/.test(format ?? ''));
    if (layout) assert.ok(isReadable(format));
  }
  assert.equal(isReadable('I444'), false);
});

/** A picture without any symmetry, seen after a turn. @param {number} quarters @param {boolean} mirrored */
function scene(quarters, mirrored, noise = 0) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) =>
    40 + 3 * x + y * y * 0.2 + (x > 15 && y < 8 ? 60 : 0);
  const last = SIDE - 1;
  return Array.from({ length: SIDE * SIDE }, (_, index) => {
    let [x, y] = [index % SIDE, Math.floor(index / SIDE)];
    if (mirrored) x = last - x;
    for (let turn = 0; turn < quarters; turn += 1) [x, y] = [y, last - x];
    return at(x, y) + ((index * 7919) % 13) * noise;
  });
}

test('the turn between a frame and what is shown is found, whatever it is', () => {
  for (const quarters of [0, 1, 2, 3]) {
    for (const mirrored of [false, true]) {
      const ratio = quarters % 2 === 0 ? 4 / 3 : 3 / 4;
      const found = turnBetween(
        { luma: scene(0, false), ratio: 4 / 3 }, { luma: scene(quarters, mirrored, 1), ratio },
      );
      assert.deepEqual(found, { quarters, mirrored });
      assert.equal(isUpright({ quarters, mirrored }), quarters === 0 && !mirrored);
    }
  }
  assert.ok(isUpright(UPRIGHT));
});

test('no turn is made up: not for black, symmetric or other pictures, nor for a shape that does not fit', () => {
  const raw = { luma: scene(0, false), ratio: 4 / 3 };
  const black = { luma: Array(SIDE * SIDE).fill(0), ratio: 4 / 3 };
  const symmetric = Array.from({ length: SIDE * SIDE }, (_, at) => Math.abs((at % SIDE) - (SIDE - 1) / 2));
  const other = Array.from({ length: SIDE * SIDE }, (_, at) => (at * 2654435761) % 255);
  assert.equal(turnBetween(raw, black), null);
  assert.equal(turnBetween(black, black), null);
  assert.equal(turnBetween({ luma: symmetric, ratio: 4 / 3 }, { luma: symmetric, ratio: 4 / 3 }), null);
  assert.equal(turnBetween(raw, { luma: other, ratio: 4 / 3 }), null);
  assert.equal(turnBetween(raw, { luma: raw.luma, ratio: 1 }), null);
});
