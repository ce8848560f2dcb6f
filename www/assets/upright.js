// @ts-check
/** Finds out how the frames of a camera lie: from what they say, or else by comparing one with what the page shows. */

import { SIDE, UPRIGHT, turnBetween } from './orientation.js';
import { isReadable, layoutOf } from './planes.js';

/** @typedef {import('./orientation.js').Turn} Turn */

/** How often frames are compared before those that tell nothing, like black ones, are taken for upright. */
const MAX_TRIES = 60;

/** Samples of each small field in a frame, in each direction. */
const FINE = 3;

export class UprightFinder {
  #known = '';
  /** @type {Turn | null} */
  #turn = null;
  #tries = 0;
  /** @type {CanvasRenderingContext2D | null} */
  #context = null;

  /**
   * How to turn this frame of the video, `null` if that is not known yet.
   * @param {VideoFrame} frame @param {HTMLVideoElement} video @returns {Promise<Turn | null>}
   */
  async turnOf(frame, video) {
    const { rotation, flip = false } = /** @type {{rotation?: number, flip?: boolean}} */ (
      /** @type {unknown} */ (frame)
    );
    if (rotation !== undefined) return { quarters: Math.round(rotation / 90), mirrored: flip };
    const { width = 0, height = 0 } = frame.visibleRect ?? {};
    // When the device is turned, so are its pictures.
    const kind = [width, height, video.videoWidth, video.videoHeight, screen.orientation?.angle].join();
    if (kind !== this.#known) [this.#known, this.#turn, this.#tries] = [kind, null, 0];
    if (this.#turn !== null) return this.#turn;
    this.#tries += 1;
    const raw = await smallFrame(frame, width, height);
    const shown = this.#smallVideo(video);
    const turn = raw && shown && turnBetween(raw, shown);
    const fits = width * video.videoHeight === height * video.videoWidth;
    if (kind === this.#known) this.#turn = turn ?? (fits && this.#tries >= MAX_TRIES ? UPRIGHT : null);
    return this.#turn;
  }

  /** @param {HTMLVideoElement} video */
  #smallVideo(video) {
    const canvas = () => Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
    this.#context ??= canvas().getContext('2d', { willReadFrequently: true });
    if (this.#context === null) return null;
    this.#context.imageSmoothingQuality = 'high';
    this.#context.drawImage(video, 0, 0, SIDE, SIDE);
    const { data } = this.#context.getImageData(0, 0, SIDE, SIDE);
    return { luma: grey(data), ratio: video.videoWidth / video.videoHeight };
  }
}

/** Green is most of what makes a colour bright. @param {Uint8ClampedArray} rgba */
function grey(rgba) {
  return Array.from({ length: rgba.length / 4 }, (_, at) => rgba[4 * at + 1] ?? 0);
}

/** @param {VideoFrame} frame @param {number} width @param {number} height */
async function smallFrame(frame, width, height) {
  if (!isReadable(frame.format)) return null;
  const bytes = new Uint8Array(frame.allocationSize());
  const layout = layoutOf(frame.format, await frame.copyTo(bytes));
  if (layout === null) return null;
  // Luma, or green.
  const [offset = 0, step = 0, stride = 0] = layout.samples.slice(layout.isYuv ? 0 : 3);
  const fine = SIDE * FINE;
  const place = (/** @type {number} */ index, /** @type {number} */ size) =>
    Math.floor(((index + 0.5) * size) / fine);
  const luma = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < fine; y += 1) {
    for (let x = 0; x < fine; x += 1) {
      const at = Math.floor(y / FINE) * SIDE + Math.floor(x / FINE);
      const sample = bytes[offset + place(y, height) * stride + place(x, width) * step] ?? 0;
      luma[at] = (luma[at] ?? 0) + sample;
    }
  }
  return { luma, ratio: width / height };
}
