// @ts-check
/** The camera of the page: asked for once, kept open from one attempt to the next, and dark while nothing looks through it. */

import { cameraId, closeCamera, isLive, isMirrored, listCameras, openCamera, showCamera } from './camera.js';

/** How long the browser's question may stay unanswered before we point at it. */
const ASKING_MS = 8_000;

export class LiveCamera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {string | null} */
  #deviceId = null;

  #view;
  #told;

  /**
   * @param {import('./capture-view.js').CaptureView} view shows it
   * @param {{ asking: () => void, ended: () => void }} told `asking`: the browser's question waits for an answer; `ended`: there are
   *   no more pictures
   */
  constructor(view, told) {
    this.#view = view;
    this.#told = told;
  }

  /** Takes effect when it is started next. @param {string} deviceId */
  choose(deviceId) {
    this.#deviceId = deviceId;
    this.close();
  }

  /** Opens it, if it is not open, and shows it. @param {AbortSignal} signal @returns {Promise<void>} when there are pictures */
  async start(signal) {
    const stream = isLive(this.#stream) ? /** @type {MediaStream} */ (this.#stream) : await this.#open(signal);
    this.look(true);
    this.#view.mirror(isMirrored(stream));
    await showCamera(this.#view.video, stream, signal);
    this.#view.cameras(await listCameras().catch(() => []), cameraId(stream));
  }

  /** A track that is not enabled gives black pictures; some devices switch their camera light off with it. @param {boolean} enabled */
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
    const reminder = setTimeout(this.#told.asking, ASKING_MS);
    signal.addEventListener('abort', () => clearTimeout(reminder), { once: true });
    let stream;
    try {
      stream = await openCamera(this.#deviceId, signal);
    } finally {
      clearTimeout(reminder);
    }
    this.#stream = stream;
    for (const track of stream.getVideoTracks()) {
      const ended = () => { if (this.#stream === stream) this.#told.ended(); };
      track.addEventListener('ended', ended);
      track.addEventListener('mute', ended);
    }
    return stream;
  }
}
