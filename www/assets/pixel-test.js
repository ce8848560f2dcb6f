// @ts-check
/**
 * Whether pixels that are read back are those that were drawn. Browsers that resist fingerprinting may return noise or
 * a blank picture instead, in which no face is ever found. Pure: a known pattern, and a comparison with what came back.
 */

/** Sides of the pattern in pixels. */
export const SIDE = 32;

/** How far a value may be off: converted colours and a little added noise change nothing that the engine sees. */
const TOLERANCE = 24;

/** The share of values that may be further off. */
const MAX_SHARE = 0.05;

/**
 * The pattern as RGBA: red grows to the right, green downwards, blue to the upper left, so that no other picture looks
 * like it, not even the same one turned. It is smooth, since video has colours at half the resolution.
 * @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function pattern() {
  const pixels = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let at = 0; at < SIDE * SIDE; at += 1) {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    pixels.set([x * 8, y * 8, 255 - (x + y) * 4, 255], at * 4);
  }
  return pixels;
}

/** Whether these pixels show the pattern. @param {ArrayLike<number>} pixels RGBA */
export function showsPattern(pixels) {
  const expected = pattern();
  if (pixels.length !== expected.length) return false;
  const isOff = (/** @type {number} */ value, /** @type {number} */ at) =>
    Math.abs(value - (pixels[at] ?? NaN)) > TOLERANCE;
  return expected.filter(isOff).length <= expected.length * MAX_SHARE;
}
