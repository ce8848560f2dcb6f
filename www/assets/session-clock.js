// @ts-check
/** The end of the session: people are told before it comes, and can have more time (WCAG 2.2, criterion 2.2.1). */

import { extendSession } from './api.js';
import { requireElement } from './dom.js';

/** How long before the end people are told, in ms. Long enough to read it and to press a button. */
export const WARN_MS = 90_000;

export class SessionClock {
  #box;
  #timer = 0;
  #isBusy;

  /** @param {() => boolean} isBusy whether the person is in the middle of a check and must not be disturbed */
  constructor(isBusy) {
    this.#isBusy = isBusy;
    this.#box = requireElement('#ending', HTMLElement);
    requireElement('#more-time', HTMLButtonElement).addEventListener('click', () => this.#extend());
  }

  /** @param {number} leftMs until the session ends */
  set(leftMs) {
    clearTimeout(this.#timer);
    this.#box.hidden = true;
    if (leftMs > 0) this.#timer = setTimeout(() => this.#warn(), Math.max(0, leftMs - WARN_MS));
  }

  #warn() {
    // After a check there may be an end, too; a moment later is early enough.
    if (this.#isBusy()) this.#timer = setTimeout(() => this.#warn(), 5_000);
    else this.#box.hidden = false;
  }

  async #extend() {
    try {
      const { session_expires_in_s: left } = await extendSession();
      // At most ten times as long: then it ends soon, and there is nothing to offer.
      if (left * 1000 > WARN_MS) this.set(left * 1000);
      else this.#box.hidden = true;
    } catch {
      // Whatever the person does next says what is wrong, and a press of the button may still work.
    }
  }
}
