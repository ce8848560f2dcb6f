// @ts-check
/**
 * The page's camera: permission is asked for once, it stays open between attempts, and is dark while nobody uses it.
 * Without a choice of the person's, it is the first camera that sees colours and faces them.
 */

import {
  cameraId, closeCamera, facesAway, isLive, listCameras, openCamera, showCamera, showsGrey,
} from './camera.js';
import { isUnsuited, nextCamera } from './camera-choice.js';
import { rememberCamera, rememberedCamera } from './camera-memory.js';

/** How long the permission prompt may stay unanswered before the page points to it. */
const ASKING_MS = 8_000;

/** Some cameras are muted for a moment when they start. Only a longer silence is the camera's end. */
const MUTED_MS = 3_000;

/** How many cameras are tried at most: each takes a second, and some browsers ask for each. */
const MAX_TRIED = 4;

export class LiveCamera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {string | null} */
  #deviceId = rememberedCamera();

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
    // Cameras come and go while the page is open.
    globalThis.navigator?.mediaDevices?.addEventListener?.('devicechange', () => this.#list());
  }

  /** Takes effect at the next start. @param {string} deviceId */
  choose(deviceId) {
    this.#deviceId = deviceId;
    rememberCamera(deviceId);
    this.close();
  }

  /**
   * Opens the camera unless it is open, and shows it.
   * @param {AbortSignal} signal @returns {Promise<void>} once there are pictures
   */
  async start(signal) {
    try {
      if (isLive(this.#stream)) {
        this.look(true);
        await this.#show(this.#stream, signal);
      } else {
        await this.#openBest(signal);
      }
    } finally {
      // Another one may work where this one does not.
      await this.#list();
    }
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

  /** Opens the chosen camera; without one, others after the first if that does not suit. @param {AbortSignal} signal */
  async #openBest(signal) {
    const wanted = this.#deviceId;
    const first = await this.#open(wanted, signal);
    const firstId = cameraId(first);
    if (firstId === null || firstId === wanted || this.#suits(first)) return;
    const tried = new Set([firstId]);
    while (tried.size < MAX_TRIED) {
      const other = nextCamera(await cameras(), tried);
      if (signal.aborted) return;
      if (other === null) break;
      tried.add(other.deviceId);
      // A camera that is busy or broken is no better.
      const stream = await this.#open(other.deviceId, signal).catch(() => null);
      if (signal.aborted) return;
      if (stream === null || !this.#suits(stream)) continue;
      this.#deviceId = other.deviceId;
      rememberCamera(other.deviceId);
      return;
    }
    if (tried.size > 1) await this.#open(firstId, signal);
  }

  /** Whether the camera that is shown sees colours and faces the person. @param {MediaStream} stream */
  #suits(stream) {
    const { label = '' } = stream.getVideoTracks()[0] ?? {};
    return !isUnsuited(label) && !facesAway(stream) && !showsGrey(this.#view.video);
  }

  /**
   * Opens one camera and shows it.
   * @param {string | null} deviceId @param {AbortSignal} signal @returns {Promise<MediaStream>}
   */
  async #open(deviceId, signal) {
    this.close();
    const reminder = setTimeout(this.#callbacks.asking, ASKING_MS);
    signal.addEventListener('abort', () => clearTimeout(reminder), { once: true });
    let stream;
    try {
      stream = await openCamera(deviceId, signal);
    } finally {
      clearTimeout(reminder);
    }
    this.#callbacks.answered();
    this.#stream = stream;
    for (const track of stream.getVideoTracks()) this.#watch(stream, track);
    await this.#show(stream, signal);
    return stream;
  }

  /**
   * Reports the end of the track, while its stream is used.
   * @param {MediaStream} stream @param {MediaStreamTrack} track
   */
  #watch(stream, track) {
    const ended = () => { if (this.#stream === stream) this.#callbacks.ended(); };
    track.addEventListener('ended', ended);
    track.addEventListener('mute', () => {
      setTimeout(() => { if (track.muted) ended(); }, MUTED_MS);
    });
  }

  /** @param {MediaStream} stream @param {AbortSignal} signal */
  async #show(stream, signal) {
    // Mirrored, unless the camera faces away from the person.
    this.#view.mirror(!facesAway(stream));
    await showCamera(this.#view.video, stream, signal);
  }

  async #list() {
    const list = await cameras();
    this.#view.cameras(list, this.#stream === null ? this.#deviceId : cameraId(this.#stream));
  }
}

const cameras = () => listCameras().catch(() => []);
