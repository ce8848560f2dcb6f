// @ts-check
/** What the person sees while the camera is on: hint, oval, ring, time left. Updates elements, decides nothing. */

import { requireElement, setAttribute, setText } from './dom.js';
import { text } from './language.js';
import { hintText, spokenHint } from './messages.js';
import { arrow, outside, ovalIn, ring } from './oval.js';
import { arrowsFor, asSeen } from './turn.js';

/** @typedef {import('./hints.js').Hint} Hint */

/**
 * The symbol beside each hint (icons.svg). Arrows point where the person should move, as seen in the mirrored picture.
 * @type {Record<string, string>}
 */
const ICONS = {
  no_face: 'face', several_faces: 'people', too_dark: 'light', too_bright: 'light', too_far: 'closer',
  too_close: 'farther',
  'off_center.left': 'arrow-left', 'off_center.right': 'arrow-right', 'off_center.up': 'arrow-down',
  'off_center.down': 'arrow-up', off_center: 'closer',
  turned: 'face', tilted: 'face', blurred: 'hold', eyes_unreadable: 'eye', settling: 'eye', hold: 'check',
  preparing: 'check', blink: 'blink', ask_once: 'blink', ask_twice: 'blink-twice', ask_hold: 'closed', ask_tone: 'eye',
  ask_turn_left: 'turn-left', ask_turn_right: 'turn-right', ask_turn_back: 'turn-back',
  ask_wait: 'eye', ask_fetch: 'check', open_again: 'eye', starting: 'face',
};

/** The states of steps before, at and after the current one. */
const STEP_STATES = ['done', 'current', 'next'];

/** Next to this module, whatever its address. */
const ICONS_FILE = new URL('./icons.svg', import.meta.url).pathname;

/** How far outside the oval the ring runs. */
const RING_GAP_PX = 5;

/** When this much time is left, it is announced once. */
const LAST_CALL_S = 10;

export class CaptureView {
  #stage = requireElement('#stage', HTMLElement);
  #video = requireElement('#video', HTMLVideoElement);
  #overlay = requireElement('#overlay', SVGSVGElement);
  #hint = requireElement('#hint', HTMLElement);
  #announce;
  #lastCalled = false;
  #mirrored = true;
  /** @type {import('./types.js').Prompt['ask'] | null} */
  #ask = null;

  /** @param {(text: string) => void} announce */
  constructor(announce) {
    this.#announce = announce;
    new ResizeObserver(() => this.#drawOval()).observe(this.#stage);
    this.#video.addEventListener('resize', () => this.#drawOval());
  }

  get video() {
    return this.#video;
  }

  /** @param {boolean} mirrored */
  mirror(mirrored) {
    this.#mirrored = mirrored;
    this.#stage.toggleAttribute('data-mirrored', mirrored);
  }

  /** @param {Hint} hint */
  hint(hint) {
    const icon = ICONS[`${hint.code}.${hint.direction}`] ?? ICONS[asSeen(hint.code, this.#mirrored)] ?? 'face';
    setAttribute(this.#hint, 'data-code', hint.code);
    setAttribute(this.#hint, 'data-direction', hint.direction);
    setAttribute(requireElement('use', SVGUseElement, this.#hint), 'href', `${ICONS_FILE}#${icon}`);
    setText(requireElement('#hint-text', HTMLElement), hintText(hint));
    this.#announce(spokenHint(hint));
  }

  /** @param {'seek' | 'good' | 'blink'} tone */
  tone(tone) {
    setAttribute(this.#stage, 'data-tone', tone);
  }

  /** @param {number} share of the ring, 0 to 1 */
  progress(share) {
    const ring = requireElement('#progress', SVGPathElement);
    ring.style.strokeDasharray = `${Math.round(share * 100)} 101`;
    // A round line cap would draw a dot even for an empty ring.
    ring.style.strokeOpacity = share > 0 ? '1' : '0';
  }

  /** Shows how many steps are done; null if there are none. @param {import('./types.js').Prompt | null} prompt */
  steps(prompt) {
    const list = requireElement('#gestures', HTMLElement);
    list.hidden = prompt === null;
    if (prompt === null) return;
    const dots = Array.from({ length: prompt.steps }, (_, index) => {
      const dot = document.createElement('span');
      dot.dataset.step = STEP_STATES[Math.sign(index - prompt.done) + 1];
      return dot;
    });
    list.replaceChildren(...dots);
    setAttribute(list, 'aria-label', text('capture.steps', { done: prompt.done, steps: prompt.steps }));
  }

  /** Draws the arrows of a head turn; any other cue has none. @param {import('./types.js').Prompt['ask'] | null} ask */
  turn(ask) {
    this.#ask = ask;
    this.#drawOval();
  }

  /** @param {number | null} ms the time left, or null to show none */
  remaining(ms) {
    const element = requireElement('#time', HTMLElement);
    element.hidden = ms === null;
    if (ms === null) {
      this.#lastCalled = false;
      return;
    }
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    setText(requireElement('#time-text', HTMLElement), text('capture.seconds', { seconds }));
    if (seconds <= LAST_CALL_S && !this.#lastCalled) {
      this.#lastCalled = true;
      this.#announce(text('capture.ten_seconds'));
    }
  }

  /**
   * Offers a choice of cameras if there is more than one, wherever the page has a list for it.
   * @param {MediaDeviceInfo[]} cameras @param {string | null} current
   */
  cameras(cameras, current) {
    const option = (/** @type {MediaDeviceInfo} */ { deviceId, label }, /** @type {number} */ index) => {
      const name = label || text('capture.camera_number', { number: index + 1 });
      return new Option(name, deviceId, false, deviceId === current);
    };
    for (const pick of document.querySelectorAll('.pick')) {
      const list = requireElement('select', HTMLSelectElement, pick);
      list.replaceChildren(...cameras.map(option));
      // Without a current one the list is blank, so that choosing any is a change.
      list.value = current ?? '';
      pick.toggleAttribute('data-choice', cameras.length > 1);
    }
  }

  /** @param {(deviceId: string) => void} choose */
  onCamera(choose) {
    for (const pick of document.querySelectorAll('.pick')) {
      const list = requireElement('select', HTMLSelectElement, pick);
      list.addEventListener('change', () => choose(list.value));
    }
  }

  /** Draws the oval over the picture, and the arrows beside it. */
  #drawOval() {
    const stage = { width: this.#stage.clientWidth, height: this.#stage.clientHeight };
    if (stage.width === 0 || stage.height === 0) return;
    const picture = { width: this.#video.videoWidth || 640, height: this.#video.videoHeight || 480 };
    const oval = ovalIn(picture, stage);
    this.#overlay.setAttribute('viewBox', `0 0 ${stage.width} ${stage.height}`);
    requireElement('#outside', SVGPathElement).setAttribute('d', outside(oval, stage));
    requireElement('#track', SVGPathElement).setAttribute('d', ring(oval));
    requireElement('#progress', SVGPathElement).setAttribute('d', ring(oval, RING_GAP_PX));
    const arrows = arrowsFor(this.#ask, this.#mirrored);
    const turn = requireElement('#turn', SVGPathElement);
    turn.setAttribute('d', arrows.map((each) => arrow(oval, stage, each)).join(' '));
    setAttribute(turn, 'data-to', arrows.length > 1 ? 'middle' : arrows[0]?.to ?? null);
  }
}
