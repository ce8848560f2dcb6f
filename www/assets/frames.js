// @ts-check
/** Camera frames out of a video element, at most one on its way; those that come meanwhile are dropped. */

import { NO_FRAMES, tick } from './frame-clock.js';

/** A frame and its time on the page's clock. @typedef {{image: import('./pixels.js').FrameImage, t_ms: number}} Frame */

/** No frame for this long: the camera has stopped, whatever its track says. */
const SILENCE_MS = 5_000;

/**
 * Hands frames to `take` until `signal` ends; the next one is handed over when `take` is done.
 * @param {HTMLVideoElement} video
 * @param {{pace: import('./pace.js').Pace, take: (frame: Frame) => Promise<void>, silent: () => void, failed: (error: unknown) => void}} to
 * @param {AbortSignal} signal
 */
export function pumpFrames(video, { pace, take, silent, failed }, signal) {
  let clock = NO_FRAMES;
  let busy = false;
  let heard_ms = performance.now();
  const grab = grabber();

  /** @param {number} now_ms @param {number | null} media_ms */
  const onFrame = async (now_ms, media_ms) => {
    heard_ms = performance.now();
    clock = tick(clock, media_ms, now_ms);
    if (busy || !pace.takes(now_ms)) return;
    busy = true;
    // The clock goes on while a bitmap is made.
    const t_ms = clock.last_ms;
    try {
      const image = await grab(video);
      if (signal.aborted) letGo(image);
      else if (image) await take({ image, t_ms });
    } catch (error) {
      if (!signal.aborted) failed(error);
    } finally {
      busy = false;
    }
  };

  const watch = setInterval(() => { if (performance.now() - heard_ms > SILENCE_MS) silent(); }, 1000);
  signal.addEventListener('abort', () => clearInterval(watch), { once: true });
  eachFrame(video, onFrame, signal);
}

/** Frees what a frame holds: cameras have only a few. @param {import('./pixels.js').FrameImage | null} image */
export function letGo(image) {
  if (image !== null && 'close' in image) image.close();
}

/** @param {HTMLVideoElement} video @param {(now_ms: number, media_ms: number | null) => void} onFrame @param {AbortSignal} signal */
function eachFrame(video, onFrame, signal) {
  if (typeof video.requestVideoFrameCallback === 'function') {
    /** @type {VideoFrameRequestCallback} */
    const step = (now_ms, { mediaTime }) => {
      if (signal.aborted) return;
      video.requestVideoFrameCallback(step);
      onFrame(now_ms, mediaTime * 1000);
    };
    video.requestVideoFrameCallback(step);
    return;
  }
  let last_s = -1;
  /** @param {number} now_ms */
  const step = (now_ms) => {
    if (signal.aborted) return;
    requestAnimationFrame(step);
    if (video.currentTime === last_s) return;
    last_s = video.currentTime;
    onFrame(now_ms, null);
  };
  requestAnimationFrame(step);
}

/**
 * How this browser gives what the video shows now, cheapest first (until its pixels are there, 640×480 in Chromium: a frame
 * that is copied 0.7 ms, a frame that is drawn 2.9, the page's canvas 3.3, a bitmap 4.3, but most of it off this thread). A `VideoFrame` gives the camera's own pixels, which
 * browsers against fingerprinting leave alone; one that lies on its side is taken as a bitmap, which stands upright. The
 * engine's thread needs an `OffscreenCanvas` for bitmaps, and for frames that it cannot copy; where there is none, the page
 * itself reads the pixels.
 * @returns {(video: HTMLVideoElement) => Promise<import('./pixels.js').FrameImage | null>}
 */
function grabber() {
  const read = typeof OffscreenCanvas === 'function' ? createImageBitmap : pageReader();
  return async (video) => {
    if (video.readyState < video.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
    if (typeof VideoFrame === 'function' && typeof OffscreenCanvas === 'function') {
      const frame = new VideoFrame(video);
      const { rotation = 0, flip = false } = /** @type {{rotation?: number, flip?: boolean}} */ (/** @type {unknown} */ (frame));
      if (rotation === 0 && !flip) return frame;
      frame.close();
    }
    return read(video);
  };
}

/** Reads pixels by a canvas of the page's own that is kept from frame to frame. @returns {(video: HTMLVideoElement) => Promise<ImageData>} */
function pageReader() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (context === null) throw new Error('no 2d context');
    // A size that is set empties the canvas and its memory.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
}
