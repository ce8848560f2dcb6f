// @ts-check
/** The known pattern, and what browsers make of it. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { SIDE, pattern, showsPattern } from '../../www/assets/pixel-test.js';
import { PixelReader } from '../../www/assets/pixels.js';

/** A number from 0 to 255 that looks random and is the same in every run. @param {number} seed */
function noise(seed) {
  const wave = Math.sin(seed * 12.9898) * 43_758.5453;
  return Math.floor((wave - Math.floor(wave)) * 256);
}

/** The pattern with each value replaced. @param {(value: number, at: number) => number} change */
const changed = (change) => pattern().map(change);

/** The pattern with its pixels elsewhere. @param {(x: number, y: number) => [x: number, y: number]} from */
function moved(from) {
  const original = pattern();
  return changed((_, at) => {
    const pixel = at >> 2;
    const [x, y] = from(pixel % SIDE, Math.floor(pixel / SIDE));
    return original[(y * SIDE + x) * 4 + (at & 3)] ?? NaN;
  });
}

test('the pattern is recognised after harmless changes and not after others', () => {
  const last = SIDE - 1;
  /** @type {[about: string, pixels: ArrayLike<number>, recognised: boolean][]} */
  const cases = [
    ['unchanged', pattern(), true],
    ['lowest bits changed, as by Brave and by Firefox’s protection', changed((v, at) => v ^ (noise(at) & 1)), true],
    ['colours converted there and back', changed((v, at) => v + (noise(at) % 13) - 6), true],
    ['read in another range', changed((v, at) => (at % 4 === 3 ? v : 16 + (v * 219) / 255)), true],
    ['a few values replaced', changed((v, at) => (at % 40 === 0 ? 255 - v : v)), true],
    ['noise, as by resistFingerprinting', changed((_, at) => (at % 4 === 3 ? 255 : noise(at))), false],
    ['noise with random transparency', changed((_, at) => noise(at)), false],
    ['white, as by Tor Browser', changed(() => 255), false],
    ['black', changed((_, at) => (at % 4 === 3 ? 255 : 0)), false],
    ['nothing', changed(() => 0), false],
    ['half of it noise', changed((v, at) => (at > SIDE * SIDE * 2 ? noise(at) : v)), false],
    ['strong noise added', changed((v, at) => v + noise(at) - 128), false],
    ['red and blue swapped', changed((_, at) => pattern()[at ^ (at & 1 ? 0 : 2)] ?? NaN), false],
    ['upside down', moved((x, y) => [x, last - y]), false],
    ['mirrored', moved((x, y) => [last - x, y]), false],
    ['on its side', moved((x, y) => [y, x]), false],
    ['too short', pattern().subarray(4), false],
    ['empty', [], false],
  ];
  for (const [about, pixels, recognised] of cases) assert.equal(showsPattern(pixels), recognised, about);
});

/** A browser whose canvas returns what `readBack` makes of the pixels drawn on it. @param {Function} readBack */
function browser(readBack) {
  class Picture {
    /** @param {ArrayLike<number>} data @param {number} width @param {number} height */
    constructor(data, width, height) {
      Object.assign(this, { data, width, height });
    }
  }
  class ImageData extends Picture {}
  class ImageBitmap extends Picture {
    close() {}
  }
  class OffscreenCanvas {
    /** @param {number} width @param {number} height */
    constructor(width, height) {
      Object.assign(this, { width, height });
    }

    getContext() {
      /** @type {ArrayLike<number>} */
      let drawn = [];
      return {
        canvas: this,
        drawImage: (/** @type {any} */ { data }) => { drawn = data; },
        getImageData: () => ({ data: readBack(drawn) }),
      };
    }
  }
  const createImageBitmap = async (/** @type {any} */ { data, width, height }) => new ImageBitmap(data, width, height);
  return { ImageData, ImageBitmap, OffscreenCanvas, createImageBitmap };
}

test('a browser that falsifies what is read from a canvas is found out, and only such a browser', async () => {
  const truly = browser((/** @type {any} */ drawn) => drawn);
  /** @type {[about: string, globals: object, readsTruly: boolean][]} */
  const cases = [
    ['a canvas that tells the truth', truly, true],
    ['a canvas that returns noise', browser(() => changed((_, at) => noise(at))), false],
    ['a canvas that returns nothing', browser(() => new Uint8ClampedArray(SIDE * SIDE * 4)), false],
    ['no canvas in workers', { ...truly, OffscreenCanvas: undefined }, true],
    ['another fault', { ...truly, createImageBitmap: () => Promise.reject(new Error('no')) }, true],
  ];
  for (const [about, globals, readsTruly] of cases) {
    Object.assign(globalThis, globals);
    assert.equal(await new PixelReader(false).readsTruly(), readsTruly, about);
    for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
  }
});
