// @ts-check
/**
 * The page's camera: permission is asked for once, it stays open between attempts, and is dark while nobody uses it.
 */

import { cameraId, closeCamera, isLive, isMirrored, listCameras, openCamera, showCamera } from './camera.js';

/** How long the permission prompt may stay unanswered before the page points to it. */
const ASKING_MS = 8_000;

export class LiveCamera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {string | null} */
  #deviceId = null;

  #view;
  #callbacks;

  /**
   * @param {import('./capture-view.js').CaptureView} view shows it
   * @param {{ asking: () => void, answered: () => void, ended: () => void }} callbacks `asking`: the permission prompt
   *   waits for an answer; `answered`: the camera was allowed; `ended`: no more pictures will come
   */
  constructor(view, callbacks) {
    this.#view = view;
    this.#callbacks = callbacks;
  }

  /** Takes effect at the next start. @param {string} deviceId */
  choose(deviceId) {
    this.#deviceId = deviceId;
    this.close();
  }

  /**
   * Opens the camera unless it is open, and shows it.
   * @param {AbortSignal} signal @returns {Promise<void>} once there are pictures
   */
  async start(signal) {
    const stream = isLive(this.#stream) ? /** @type {MediaStream} */ (this.#stream) : await this.#open(signal);
    this.look(true);
    this.#view.mirror(isMirrored(stream));
    await showCamera(this.#view.video, stream, signal);
    this.#view.cameras(await listCameras().catch(() => []), cameraId(stream));
  }

  /**
   * A disabled track delivers black pictures; some devices also turn their camera light off.
   * @param {boolean} enabled
   */
  look(enabled) {
    for (const track of this.#stream?.getVideoTracks() ?? []) track.enabled = enabled;
  }

  close() {
    const stream = this.#stream;
    this.#stream = null;
    closeCamera(stream);
    this.#view.video.srcObject = null;
  }

  /** @param {AbortSignal} signal */
  async #open(signal) {
    this.close();
    const reminder = setTimeout(this.#callbacks.asking, ASKING_MS);
    signal.addEventListener('abort', () => clearTimeout(reminder), { once: true });
    let stream;
    try {
      stream = await openCamera(this.#deviceId, signal);
    } finally {
      clearTimeout(reminder);
    }
    this.#callbacks.answered();
    this.#stream = stream;
    for (const track of stream.getVideoTracks()) {
      const ended = () => { if (this.#stream === stream) this.#callbacks.ended(); };
      track.addEventListener('ended', ended);
      track.addEventListener('mute', ended);
    }
    return stream;
  }
}
