// @ts-check
/** Camera frames from a video element, at most one in flight; frames that arrive meanwhile are dropped. */

import { NO_FRAMES, tick } from './frame-clock.js';
import { UPRIGHT, isUpright } from './orientation.js';
import { SIDE, pattern, showsPattern } from './pixel-test.js';
import { isReadable } from './planes.js';
import { UprightFinder } from './upright.js';

/** A picture, and how to turn it. @typedef {{image: import('./pixels.js').FrameImage, turn: Turn}} Picture */
/** @typedef {import('./orientation.js').Turn} Turn */
/** A picture and its time on the page's clock. @typedef {Picture & {t_ms: number}} Frame */

/** Without a frame for this long, the camera has stopped, whatever its track says. */
const SILENCE_MS = 5_000;

/**
 * Passes frames to `take` until `signal` is aborted, each one after `take` has finished with the last.
 * @param {HTMLVideoElement} video
 * @param {{pace: import('./pace.js').Pace, take: (frame: Frame) => Promise<void>, silent: () => void, failed: (error:
 *   unknown) => void}} to
 * @param {AbortSignal} signal
 * @param {boolean} [readsHere] whether this page reads the pixels, because the engine's worker cannot
 */
export function pumpFrames(video, { pace, take, silent, failed }, signal, readsHere = !workersDraw()) {
  let clock = NO_FRAMES;
  let busy = false;
  let heard_ms = performance.now();
  const grab = grabber(readsHere);

  /** @param {import('./frame-clock.js').Heard} heard */
  const onFrame = async (heard) => {
    heard_ms = performance.now();
    clock = tick(clock, heard);
    // The clock advances while a bitmap is created.
    const { t_ms } = clock;
    if (t_ms === null || busy || !pace.takes(t_ms)) return;
    busy = true;
    try {
      const picture = await grab(video);
      if (signal.aborted) closeFrame(picture?.image ?? null);
      else if (picture) await take({ ...picture, t_ms });
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

/** Whether the engine's worker has what it needs to read pixels, unless it reads them falsified. */
export function workersDraw() {
  return typeof OffscreenCanvas === 'function';
}

/** Whether this page reads pixels as they are: tries a known pattern. */
export function pageReadsTruly() {
  const canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
  canvas.getContext('2d')?.putImageData(new ImageData(pattern(), SIDE, SIDE), 0, 0);
  return showsPattern(pageReader()(canvas, SIDE, SIDE).data);
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
 * alone; the engine turns it. A frame of an unknown kind or turn is taken as a bitmap, which is upright. The engine's
 * worker needs an `OffscreenCanvas` for bitmaps, and for frames that it cannot copy; without one, the page itself reads
 * the pixels.
 * @param {boolean} readsHere @returns {(video: HTMLVideoElement) => Promise<Picture | null>}
 */
function grabber(readsHere) {
  const read = pageReader();
  const upright = new UprightFinder();
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (video.readyState < video.HAVE_CURRENT_DATA || width === 0) return null;
    if (readsHere) return { image: read(video, width, height), turn: UPRIGHT };
    if (typeof VideoFrame === 'function') {
      const frame = new VideoFrame(video);
      const turn = await upright.turnOf(frame, video).catch(() => null);
      if (turn !== null && (isUpright(turn) || isReadable(frame.format))) return { image: frame, turn };
      frame.close();
    }
    return { image: await createImageBitmap(video), turn: UPRIGHT };
  };
}

/**
 * Reads pixels through one canvas of the page, made with the first picture and reused from then on.
 * @returns {(source: HTMLVideoElement | HTMLCanvasElement, width: number, height: number) => ImageData}
 */
function pageReader() {
  /** @type {CanvasRenderingContext2D | null} */
  let context = null;
  return (source, width, height) => {
    context ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('no 2d context');
    const { canvas } = context;
    // Setting the size clears the canvas and reallocates its memory.
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  };
}
