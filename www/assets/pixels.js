// @ts-check
/** Reads a camera frame as RGBA, in the cheapest way this browser offers, into memory that the caller provides. */

import { SIDE, pattern, showsPattern } from './pixel-test.js';

/**
 * A frame on its way to the engine: a `VideoFrame` if supported, else a bitmap, else pixels that were already read.
 * @typedef {VideoFrame | ImageBitmap | ImageData} FrameImage
 */

/**
 * Provides memory for a picture of this size, 4 bytes per pixel.
 * @typedef {(width: number, height: number) => Uint8Array} Room
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
  #copies;
  /** Reused from frame to frame. @type {OffscreenCanvasRenderingContext2D | null} */
  #context = null;

  /** @param {boolean} copies whether frames can be copied as RGBA */
  constructor(copies) {
    this.#copies = copies;
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
      let pixels = new Uint8Array();
      await this.read(image, (width, height) => (pixels = new Uint8Array(width * height * 4)));
      return showsPattern(pixels);
    } catch {
      return true;
    } finally {
      if (image !== null && 'close' in image) image.close();
    }
  }

  /**
   * Writes the frame's pixels into the memory that `room` provides.
   * @param {FrameImage} image @param {Room} room @returns {Promise<void>}
   */
  async read(image, room) {
    if (image instanceof ImageData) return room(image.width, image.height).set(image.data);
    if (image instanceof ImageBitmap) return this.#draw(image, image.width, image.height, room);
    const { width, height } = /** @type {DOMRectReadOnly} */ (image.visibleRect);
    if (this.#copies) {
      try {
        await image.copyTo(room(width, height), { format: 'RGBA' });
        return;
      } catch {
        // Frames of some cameras cannot be converted; draw them from now on.
        this.#copies = false;
      }
    }
    this.#draw(image, width, height, room);
  }

  /**
   * Browsers that resist fingerprinting alter the pixels that are read back here.
   * @param {VideoFrame | ImageBitmap} image @param {number} width @param {number} height @param {Room} room
   */
  #draw(image, width, height, room) {
    const context = this.#sized(width, height);
    context.drawImage(image, 0, 0, width, height);
    room(width, height).set(context.getImageData(0, 0, width, height).data);
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
