// @ts-check
/**
 * The first screen while a phone is to take the check over: shows a code and renews it, shows the number once a phone
 * has opened it, and says what became of it. Loaded only when it is needed.
 */

import { requireElement, setAttribute, setText } from './dom.js';
import { copy } from './elsewhere.js';
import { handoff, mailLink, makeHandoff, takeBack } from './handoff-api.js';
import { text } from './language.js';
import { problemText } from './messages.js';
import { asProblem, isAbort } from './problem.js';
import { delay } from './wait.js';

/** @typedef {import('./types.js').Schemas['Handoff']} Handoff */

/** How often the page asks, in ms. Chosen by us. */
const ASK_EVERY_MS = 2_000;
/** Longest pause after failures. */
const MOST_PAUSE_MS = 30_000;
/** How long before its end a code is replaced: time for a phone that has just read it. */
const SPARE_MS = 15_000;
/** How many codes the page shows before it waits for the person. Chosen by us: seven minutes. */
const MOST_CODES = 10;

/** States in which the person decides whether there is another code. @type {Record<string, string>} */
const ENDED = {
  wrong_number: 'handoff.wrong_number', declined: 'handoff.declined', lapsed: 'handoff.expired',
};

/** Problems that pass. */
const PASSING = new Set(['network', 'offline', 'too_many_requests', 'busy', 'unavailable', 'server_error', 'internal']);

/**
 * Offers the check to a phone until the signal is aborted. Resolves when one has taken it over.
 * @param {AbortSignal} signal @param {(words: string) => void} say
 */
export async function offerToPhone(signal, say) {
  const view = new HandoffView(say);
  const unlisten = view.listen(signal);
  signal.addEventListener('abort', withdraw, { once: true });
  try {
    await new Offer(view, signal).run();
    signal.removeEventListener('abort', withdraw);
  } finally {
    unlisten();
  }
}

/** Best effort: codes end by themselves within a minute. */
function withdraw() {
  takeBack(true, { keepalive: true }).catch(() => undefined);
}

class Offer {
  #view;
  #signal;
  #codes = 0;
  /** When the code is to be replaced; 0: now; infinite: when the person wants one. */
  #renewAt = 0;
  #anew = false;

  /** @param {HandoffView} view @param {AbortSignal} signal */
  constructor(view, signal) {
    this.#view = view;
    this.#signal = signal;
  }

  async run() {
    let pause = ASK_EVERY_MS;
    for (;;) {
      await visible(this.#signal);
      try {
        const state = await this.#step();
        if (state === 'handed_over') return;
        pause = ASK_EVERY_MS;
      } catch (error) {
        const problem = asProblem(error);
        if (isAbort(error) || !PASSING.has(problem.code)) throw error;
        pause = Math.min(MOST_PAUSE_MS, Math.max(pause * 2, problem.retryAfterMs ?? 0));
      }
      if (await this.#view.wants(this.#waits ? Infinity : pause, this.#signal)) {
        [this.#codes, this.#renewAt, this.#anew] = [0, 0, true];
      }
    }
  }

  /** Whether nothing can happen until the person wants a new code. */
  get #waits() {
    return this.#renewAt === Infinity && !this.#view.isChoosing;
  }

  /** Asks once, or makes a code. Returns where it stands. */
  async #step() {
    const options = { signal: this.#signal };
    if (performance.now() < this.#renewAt) return this.#show(await handoff(options));
    if (this.#codes >= MOST_CODES) {
      this.#renewAt = Infinity;
      this.#view.ended('handoff.expired');
      return 'expired';
    }
    const made = await makeHandoff(this.#anew, options);
    this.#anew = false;
    if (made.state === 'waiting') {
      this.#codes += 1;
      this.#renewAt = performance.now() + (made.expires_in_s ?? 0) * 1000 - SPARE_MS;
      this.#view.code(made);
    }
    return this.#show(made);
  }

  /** @param {Handoff} found */
  #show({ state, number }) {
    const ended = ENDED[state];
    if (state === 'opened' && number !== null) {
      this.#renewAt = Infinity;
      this.#view.number(number);
    } else if (ended !== undefined) {
      this.#renewAt = Infinity;
      this.#view.ended(ended);
    } else if (state === 'none' || state === 'expired') {
      this.#renewAt = 0;
    }
    return state;
  }
}

class HandoffView {
  #say;
  #shown = '';
  /** Ends the wait for the person. @type {() => void} */
  #wanted = () => undefined;

  /** @param {(words: string) => void} say */
  constructor(say) {
    this.#say = say;
    this.#part(null);
    this.#note(null, '');
  }

  /** Whether a phone is choosing. */
  get isChoosing() {
    return this.#shown.startsWith('number ');
  }

  /** Makes the buttons work, until the returned function is called. @param {AbortSignal} signal */
  listen(signal) {
    const field = requireElement('#handoff-link', HTMLInputElement);
    const copyButton = requireElement('#handoff-copy', HTMLButtonElement);
    const mailButton = requireElement('#handoff-mail', HTMLButtonElement);
    const newButton = requireElement('#handoff-new', HTMLButtonElement);
    copyButton.onclick = async () => {
      field.select();
      setText(copyButton, text(await copy(field.value) ? 'elsewhere.copied' : 'elsewhere.copy_failed'));
    };
    mailButton.onclick = async () => {
      if (mailButton.getAttribute('aria-disabled') === 'true') return;
      setAttribute(mailButton, 'aria-disabled', 'true');
      try {
        await mailLink({ signal });
        this.#note('mailed', text('handoff.mailed'));
      } catch (error) {
        const { code, detail, retryAfterMs } = asProblem(error);
        if (!isAbort(error)) this.#note(code, problemText(code, detail, retryAfterMs));
      }
      setAttribute(mailButton, 'aria-disabled', null);
    };
    newButton.onclick = () => this.#wanted();
    return () => { copyButton.onclick = mailButton.onclick = newButton.onclick = null; };
  }

  /** Resolves after `ms`, or at once if the person wants a new code. @param {number} ms @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether they do */
  async wants(ms, signal) {
    const wanted = new Promise((resolve) => { this.#wanted = () => resolve(true); });
    // Nobody waits longer than the longest timer that browsers have.
    const pause = delay(Math.min(ms, 2 ** 31 - 1), signal).then(() => false);
    return Promise.race([wanted, pause]);
  }

  /** @param {Handoff} made */
  code({ link, picture, mailable }) {
    const image = requireElement('#handoff-code', HTMLImageElement);
    image.src = `data:image/svg+xml,${encodeURIComponent(picture ?? '')}`;
    setAttribute(image, 'alt', text('elsewhere.code.label'));
    requireElement('#handoff-link', HTMLInputElement).value = link ?? '';
    setText(requireElement('#handoff-copy', HTMLButtonElement), text('elsewhere.copy'));
    requireElement('#handoff-mail', HTMLElement).hidden = mailable !== true;
    if (this.#shown !== 'code') this.#note(null, '');
    this.#shown = 'code';
    this.#part('#handoff-offer');
  }

  /** @param {string} number */
  number(number) {
    if (this.#shown === `number ${number}`) return;
    this.#shown = `number ${number}`;
    setText(requireElement('#handoff-number', HTMLElement), number);
    this.#note(null, '');
    this.#part('#handoff-choose');
    this.#say(`${text('handoff.number')} ${number}`);
  }

  /** @param {string} key says how */
  ended(key) {
    if (this.#shown === key) return;
    this.#shown = key;
    this.#part(null);
    this.#note(key, text(key));
    this.#say(text(key));
  }

  /** Shows one part of the screen. @param {string | null} shown */
  #part(shown) {
    const section = requireElement('[data-view="handoff"]', HTMLElement);
    const held = document.activeElement;
    for (const part of ['#handoff-offer', '#handoff-choose']) requireElement(part, HTMLElement).hidden = part !== shown;
    requireElement('#handoff-new', HTMLElement).hidden = shown === '#handoff-offer' || this.#shown === '';
    // Nobody loses their place because a button has gone.
    const isGone = held !== null && section.contains(held) && held.closest('[hidden]') !== null;
    if (isGone) requireElement('h1', HTMLElement, section).focus({ preventScroll: true });
  }

  /** @param {string | null} code @param {string} words */
  #note(code, words) {
    const note = requireElement('#handoff-note', HTMLElement);
    note.hidden = code === null;
    setAttribute(note, 'data-code', code);
    setText(note, words);
  }
}

/** Resolves once somebody can see the page. @param {AbortSignal} signal @returns {Promise<void>} */
async function visible(signal) {
  while (document.hidden) {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true });
      signal.addEventListener('abort', resolve, { once: true });
    });
    if (signal.aborted) await delay(0, signal);
  }
}
