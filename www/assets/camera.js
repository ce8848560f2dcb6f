// @ts-check
/** Opens, lists and closes cameras, and maps their errors to codes. States preferences only, never requirements. */

import { isGrey } from './camera-choice.js';
import { Problem, aborted } from './problem.js';
import { delay } from './wait.js';

/** What suits the engine; anything else works too. */
const PREFERENCES = Object.freeze({ width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } });

/** A camera that another program has just released may need a moment. */
const BUSY_PAUSE_MS = 600;

/** How long the first picture may take to arrive. */
const PICTURE_TIMEOUT_MS = 10_000;

/** Our codes for the names of `getUserMedia`'s errors. @type {Record<string, string>} */
const CODES = {
  NotAllowedError: 'camera_denied', PermissionDeniedError: 'camera_denied', SecurityError: 'camera_denied',
  NotFoundError: 'camera_missing', DevicesNotFoundError: 'camera_missing',
  NotReadableError: 'camera_busy', TrackStartError: 'camera_busy', AbortError: 'camera_busy',
  OverconstrainedError: 'camera_overconstrained', ConstraintNotSatisfiedError: 'camera_overconstrained',
};

/** Nobody answers a prompt this quickly. Chosen by us. */
const UNASKED_MS = 300;

/**
 * Our code for an error of `getUserMedia`. Inside another page, a refusal without a prompt is that page's doing, as far
 * as one can tell: by itself, this page at least gets to ask. `any`: whether any camera would have done.
 * @param {unknown} error @param {{embedded: boolean, any: boolean, took_ms: number}} circumstances @returns {string}
 */
export function cameraCode(error, { embedded, any, took_ms }) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const code = CODES[name] ?? 'camera_failed';
  // So WebKit says that there is no camera.
  if (code === 'camera_overconstrained' && any) return 'camera_missing';
  return code === 'camera_denied' && embedded && took_ms < UNASKED_MS ? 'camera_policy' : code;
}

/**
 * Opens the camera. Must be called directly from a tap: some browsers ask for permission only then.
 * @param {string | null} deviceId a camera chosen before @param {AbortSignal} signal @returns {Promise<MediaStream>}
 */
export async function openCamera(deviceId, signal) {
  const chosen = deviceId === null ? { facingMode: 'user' } : { deviceId: { ideal: deviceId } };
  try {
    return await ask({ ...PREFERENCES, ...chosen }, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof Problem)) throw error;
    if (error.code === 'camera_busy') await delay(BUSY_PAUSE_MS, signal);
    else if (error.code !== 'camera_overconstrained') throw error;
    return ask(true, signal);
  }
}

/** @param {MediaTrackConstraints | true} video @param {AbortSignal} signal */
async function ask(video, signal) {
  /** @type {MediaStream} */
  let stream;
  const asked_ms = performance.now();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    if (signal.aborted) throw aborted();
    const circumstances = { embedded: parent !== self, any: video === true, took_ms: performance.now() - asked_ms };
    throw new Problem(cameraCode(error, circumstances), { cause: error });
  }
  // The person may answer the permission prompt after leaving.
  if (signal.aborted) {
    closeCamera(stream);
    throw aborted();
  }
  return stream;
}

/** Stops every track. @param {MediaStream | null} stream */
export function closeCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** Whether the stream still delivers pictures. @param {MediaStream | null} stream @returns {stream is MediaStream} */
export function isLive(stream) {
  return stream !== null && stream.getVideoTracks().some((track) => track.readyState === 'live' && !track.muted);
}

/**
 * Shows the stream in `video` and resolves with its first picture.
 * @param {HTMLVideoElement} video @param {MediaStream} stream @param {AbortSignal} signal
 */
export async function showCamera(video, stream, signal) {
  video.srcObject = stream;
  const first = new AbortController();
  const picture = new Promise((resolve) => {
    if (video.readyState >= video.HAVE_CURRENT_DATA) return resolve('picture');
    video.addEventListener('loadeddata', () => resolve('picture'), { once: true, signal: first.signal });
  });
  try {
    // The element also plays by itself; if `play` is refused, the picture never arrives.
    video.play().catch(() => undefined);
    const outcome = await Promise.race([picture, delay(PICTURE_TIMEOUT_MS, signal)]);
    if (outcome !== 'picture') throw new Problem('camera_no_picture');
  } finally {
    first.abort();
  }
}

/** Whether the camera faces away from the person. @param {MediaStream} stream */
export function facesAway(stream) {
  return stream.getVideoTracks()[0]?.getSettings().facingMode === 'environment';
}

/** Sides of the small picture in which colours are looked for. */
const LOOK = { width: 64, height: 48 };

/** Whether the video shows a picture without colours, as infrared cameras do. @param {HTMLVideoElement} video */
export function showsGrey(video) {
  const canvas = Object.assign(document.createElement('canvas'), LOOK);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return false;
  context.drawImage(video, 0, 0, LOOK.width, LOOK.height);
  return isGrey(context.getImageData(0, 0, LOOK.width, LOOK.height).data);
}

/** The available cameras; labels are known only after a camera was allowed. @returns {Promise<MediaDeviceInfo[]>} */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices?.() ?? [];
  return devices.filter((device) => device.kind === 'videoinput' && device.deviceId !== '');
}

/** @param {MediaStream} stream @returns {string | null} */
export function cameraId(stream) {
  return stream.getVideoTracks()[0]?.getSettings().deviceId ?? null;
}
