// @ts-check
/** Camera frames out of a video element, at most one on its way; those that come meanwhile are dropped. */

import { NO_FRAMES, tick } from './frame-clock.js';

/** A frame and its time on the page's clock. @typedef {{image: VideoFrame | ImageBitmap, t_ms: number}} Frame */

/** No frame for this long: the camera has stopped, whatever its track says. */
const SILENCE_MS = 5_000;

/** A frame may come this much before its interval is over and still be taken: cameras are not that regular. */
const EARLY_SHARE = 0.25;

/**
 * Hands frames to `take` until `signal` ends; the next one is handed over when `take` is done.
 * @param {HTMLVideoElement} video
 * @param {{intervalMs: number, take: (frame: Frame) => Promise<void>, silent: () => void, failed: (error: unknown) => void}} to
 * @param {AbortSignal} signal
 */
export function pumpFrames(video, { intervalMs, take, silent, failed }, signal) {
  let clock = NO_FRAMES;
  let busy = false;
  let taken_ms = -Infinity;
  let heard_ms = performance.now();

  /** @param {number} now_ms @param {number | null} media_ms */
  const onFrame = async (now_ms, media_ms) => {
    heard_ms = performance.now();
    clock = tick(clock, media_ms, now_ms);
    if (busy || now_ms - taken_ms < intervalMs * (1 - EARLY_SHARE)) return;
    busy = true;
    taken_ms = now_ms;
    try {
      const image = await grab(video);
      if (signal.aborted) image?.close();
      else if (image) await take({ image, t_ms: clock.last_ms });
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
 * What the video shows now. A `VideoFrame` gives the camera's own pixels, which browsers against fingerprinting leave alone;
 * one that lies on its side is taken as a bitmap, which stands upright.
 * @param {HTMLVideoElement} video @returns {Promise<VideoFrame | ImageBitmap | null>}
 */
async function grab(video) {
  if (video.readyState < video.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
  if (typeof VideoFrame === 'function') {
    const frame = new VideoFrame(video);
    const { rotation = 0, flip = false } = /** @type {{rotation?: number, flip?: boolean}} */ (/** @type {unknown} */ (frame));
    if (rotation === 0 && !flip) return frame;
    frame.close();
  }
  return createImageBitmap(video);
}
