// @ts-check
/** Reads a camera frame as upright RGBA, in the cheapest way this browser offers, into memory of the engine. */

import { UPRIGHT, isUpright } from './orientation.js';
import { SIDE, pattern, showsPattern } from './pixel-test.js';
import { isReadable, layoutOf } from './planes.js';

/**
 * A frame on its way to the engine: a `VideoFrame` if supported, else a bitmap, else pixels that were already read.
 * @typedef {VideoFrame | ImageBitmap | ImageData} FrameImage
 */

/** @typedef {import('./orientation.js').Turn} Turn */

/**
 * Where frames go. `frame`: room for an upright picture of this size, 4 bytes per pixel. `planes`: room for a frame as
 * it is, and `take` makes a picture of what was written there.
 * @typedef {object} Memory
 * @property {(width: number, height: number) => Uint8Array} frame
 * @property {(bytes: number) => Uint8Array} planes
 * @property {(size: {width: number, height: number}, layout: import('./planes.js').Layout, colours:
 *   {matrix?: string | null, fullRange?: boolean | null}, turn: Turn) => void} take
 */

/** A white 2×2 picture in I420. */
const WHITE_I420 = new Uint8Array([235, 235, 235, 235, 128, 128]);

/**
 * Whether this browser converts camera frames to RGBA while copying them. Found out by trying: browsers that do not
 * know the option copy the frame as it is, without an error.
 * @returns {Promise<boolean>}
 */
export async function canCopyRgba() {
  if (typeof VideoFrame !== 'function') return false;
  /** @type {VideoFrame | null} */
  let frame = null;
  try {
    frame = new VideoFrame(WHITE_I420, { format: 'I420', codedWidth: 2, codedHeight: 2, timestamp: 0 });
    const pixels = new Uint8Array(16);
    const planes = await frame.copyTo(pixels, { format: 'RGBA' });
    return planes.length === 1 && planes[0]?.stride === 8 && pixels.every((value) => value > 240);
  } catch {
    return false;
  } finally {
    frame?.close();
  }
}

export class PixelReader {
  #copiesRgba;
  #copiesPlanes = true;
  /** Reused from frame to frame. @type {OffscreenCanvasRenderingContext2D | null} */
  #context = null;

  /** @param {boolean} copies whether frames can be copied as RGBA */
  constructor(copies) {
    this.#copiesRgba = copies;
  }

  /**
   * Whether this reader reads what there is: tries a known pattern, as the kind of picture that frames come as.
   * Anything else that goes wrong shows when frames are read.
   * @returns {Promise<boolean>}
   */
  async readsTruly() {
    if (typeof OffscreenCanvas !== 'function') return true;
    /** @type {FrameImage | null} */
    let image = null;
    try {
      image = await createImageBitmap(new ImageData(pattern(), SIDE, SIDE));
      if (typeof VideoFrame === 'function') image = new VideoFrame(image, { timestamp: 0 });
      const trial = new TrialMemory();
      await this.read(image, UPRIGHT, trial);
      return showsPattern(trial.pixels);
    } catch {
      return true;
    } finally {
      if (image !== null && 'close' in image) image.close();
    }
  }

  /**
   * Writes the frame's pixels, made upright, into this memory.
   * @param {FrameImage} image @param {Turn} turn @param {Memory} memory @returns {Promise<void>}
   */
  async read(image, turn, memory) {
    if (image instanceof ImageData) return memory.frame(image.width, image.height).set(image.data);
    if (image instanceof ImageBitmap) return this.#draw(image, image.width, image.height, memory);
    if (this.#copiesRgba) {
      try {
        return await copyRgba(image, turn, memory);
      } catch {
        // Frames of some cameras cannot be converted; read them as they are from now on.
        this.#copiesRgba = false;
      }
    }
    if (this.#copiesPlanes && isReadable(image.format)) {
      try {
        return await copyPlanes(image, turn, memory);
      } catch {
        this.#copiesPlanes = false;
      }
    }
    // Drawing turns a frame only as it says itself.
    if (!isUpright(turn) && !('rotation' in image)) throw new Error(`cannot turn frames of ${image.format}`);
    this.#draw(image, image.displayWidth, image.displayHeight, memory);
  }

  /**
   * Browsers that resist fingerprinting alter the pixels that are read back here.
   * @param {VideoFrame | ImageBitmap} image @param {number} width @param {number} height @param {Memory} memory
   */
  #draw(image, width, height, memory) {
    const context = this.#sized(width, height);
    context.drawImage(image, 0, 0, width, height);
    memory.frame(width, height).set(context.getImageData(0, 0, width, height).data);
  }

  /** @param {number} width @param {number} height */
  #sized(width, height) {
    const { canvas = null } = this.#context ?? {};
    if (this.#context === null || canvas?.width !== width || canvas.height !== height) {
      this.#context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      if (this.#context === null) throw new Error('no 2d context');
    }
    return this.#context;
  }
}

/** @param {VideoFrame} frame @param {Turn} turn @param {Memory} memory */
async function copyRgba(frame, turn, memory) {
  const { width, height } = sizeOf(frame);
  const format = /** @type {const} */ ({ format: 'RGBA' });
  if (isUpright(turn)) {
    await frame.copyTo(memory.frame(width, height), format);
    return;
  }
  const planes = await frame.copyTo(memory.planes(frame.allocationSize(format)), format);
  const layout = layoutOf('RGBA', planes);
  if (layout !== null) memory.take({ width, height }, layout, {}, turn);
}

/** @param {VideoFrame} frame @param {Turn} turn @param {Memory} memory */
async function copyPlanes(frame, turn, memory) {
  const layout = layoutOf(frame.format, await frame.copyTo(memory.planes(frame.allocationSize())));
  if (layout === null) throw new Error(`unknown planes of ${frame.format}`);
  memory.take(sizeOf(frame), layout, frame.colorSpace, turn);
}

/** @param {VideoFrame} frame */
function sizeOf(frame) {
  return /** @type {DOMRectReadOnly} */ (frame.visibleRect);
}

/** Memory for the trial of a pattern, before there is an engine. Planes of luma and chroma it takes on trust. */
class TrialMemory {
  pixels = new Uint8Array();
  #planes = new Uint8Array();

  /** @param {number} width @param {number} height */
  frame(width, height) {
    return (this.pixels = new Uint8Array(width * height * 4));
  }

  /** @param {number} bytes */
  planes(bytes) {
    return (this.#planes = new Uint8Array(bytes));
  }

  /** @param {{width: number, height: number}} size @param {import('./planes.js').Layout} layout */
  take({ width, height }, { samples, isYuv }) {
    if (isYuv) return this.frame(width, height).set(pattern());
    this.frame(width, height).forEach((_, at, pixels) => {
      const [x, y] = [(at >> 2) % width, Math.floor((at >> 2) / width)];
      const [offset = 0, step = 0, stride = 0] = samples.slice(3 * (at % 4));
      pixels[at] = at % 4 === 3 ? 255 : this.#planes[offset + y * stride + x * step] ?? 0;
    });
  }
}
