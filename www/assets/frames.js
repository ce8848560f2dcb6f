// @ts-check
/** Camera frames from a video element, at most one in flight; frames that arrive meanwhile are dropped. */

import { NO_FRAMES, tick } from './frame-clock.js';

/**
 * A frame and its time on the page's clock.
 * @typedef {{image: import('./pixels.js').FrameImage, t_ms: number}} Frame
 */

/** Without a frame for this long, the camera has stopped, whatever its track says. */
const SILENCE_MS = 5_000;

/**
 * Passes frames to `take` until `signal` is aborted, each one after `take` has finished with the last.
 * @param {HTMLVideoElement} video
 * @param {{pace: import('./pace.js').Pace, take: (frame: Frame) => Promise<void>, silent: () => void, failed: (error:
 *   unknown) => void}} to
 * @param {AbortSignal} signal
 */
export function pumpFrames(video, { pace, take, silent, failed }, signal) {
  let clock = NO_FRAMES;
  let busy = false;
  let heard_ms = performance.now();
  const grab = grabber();

  /** @param {import('./frame-clock.js').Heard} heard */
  const onFrame = async (heard) => {
    heard_ms = performance.now();
    clock = tick(clock, heard);
    // The clock advances while a bitmap is created.
    const { t_ms } = clock;
    if (t_ms === null || busy || !pace.takes(t_ms)) return;
    busy = true;
    try {
      const image = await grab(video);
      if (signal.aborted) closeFrame(image);
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

/** Frees a frame's memory: cameras have only a few buffers. @param {import('./pixels.js').FrameImage | null} image */
export function closeFrame(image) {
  if (image !== null && 'close' in image) image.close();
}

/**
 * @param {HTMLVideoElement} video @param {(heard: import('./frame-clock.js').Heard) => void} onFrame
 * @param {AbortSignal} signal
 */
function eachFrame(video, onFrame, signal) {
  if (typeof video.requestVideoFrameCallback === 'function') {
    /** @type {VideoFrameRequestCallback} */
    const step = (now_ms, { captureTime, mediaTime, presentationTime }) => {
      if (signal.aborted) return;
      video.requestVideoFrameCallback(step);
      onFrame({ now_ms, capture_ms: captureTime, media_ms: mediaTime * 1000, presentation_ms: presentationTime });
    };
    video.requestVideoFrameCallback(step);
    return;
  }
  const first_s = video.currentTime;
  let last_s = -1;
  /** @param {number} now_ms */
  const step = (now_ms) => {
    if (signal.aborted) return;
    requestAnimationFrame(step);
    const { currentTime } = video;
    // The same picture as before, unless this time never moves, which says nothing.
    if (currentTime === last_s && currentTime !== first_s) return;
    last_s = currentTime;
    onFrame({ now_ms, media_ms: currentTime * 1000 });
  };
  requestAnimationFrame(step);
}

/**
 * The cheapest way in which this browser hands over the video's current picture. Time until the pixels are there, for
 * 640×480 in Chromium: a copied frame 0.7 ms, a drawn frame 2.9, the page's canvas 3.3, a bitmap 4.3, though most of
 * that off this thread. A `VideoFrame` has the camera's own pixels, which browsers that resist fingerprinting leave
 * alone; a rotated one is taken as a bitmap, which is upright. The engine's worker needs an `OffscreenCanvas` for
 * bitmaps, and for frames that it cannot copy; without one, the page itself reads the pixels.
 * @returns {(video: HTMLVideoElement) => Promise<import('./pixels.js').FrameImage | null>}
 */
function grabber() {
  const read = typeof OffscreenCanvas === 'function' ? createImageBitmap : pageReader();
  return async (video) => {
    if (video.readyState < video.HAVE_CURRENT_DATA || video.videoWidth === 0) return null;
    if (typeof VideoFrame === 'function' && typeof OffscreenCanvas === 'function') {
      const frame = new VideoFrame(video);
      const { rotation = 0, flip = false } = /** @type {{rotation?: number, flip?: boolean}} */ (
        /** @type {unknown} */ (frame)
      );
      if (rotation === 0 && !flip) return frame;
      frame.close();
    }
    return read(video);
  };
}

/**
 * Reads pixels through one canvas of the page, reused from frame to frame.
 * @returns {(video: HTMLVideoElement) => Promise<ImageData>}
 */
function pageReader() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (context === null) throw new Error('no 2d context');
    // Setting the size clears the canvas and reallocates its memory.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
}
