// @ts-check
/** Speaks cues with a voice of the device's own, where there is one. Other voices would send the words elsewhere. */

import { text } from './language.js';

/** @typedef {import('./types.js').Prompt['ask']} Ask */

/** Cues that are spoken. The tone speaks for itself. @type {ReadonlySet<Ask>} */
const SPOKEN = new Set(['once', 'twice', 'hold', 'turn_left', 'turn_right', 'turn_back']);

export class CueVoice {
  #speech;
  #isOn = false;

  /** @param {SpeechSynthesis | undefined} [speech] */
  constructor(speech = globalThis.speechSynthesis) {
    this.#speech = speech;
  }

  /** Whether there is a voice for the page's language. Browsers may learn of their voices late. */
  get isThere() {
    return this.#find() !== null;
  }

  /** Some browsers speak only if that begins with a tap. @param {boolean} on */
  prepare(on) {
    this.#isOn = on && this.isThere;
    if (!this.#isOn) return this.#speech?.cancel();
    this.#speak('');
  }

  /** Speaks the cue at once, instead of any earlier one: an old cue would mislead. @param {Ask} ask */
  say(ask) {
    if (!this.#isOn) return;
    this.#speech?.cancel();
    if (SPOKEN.has(ask)) this.#speak(text(`hint.ask_${ask}`));
  }

  /** @param {string} words */
  #speak(words) {
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.voice = this.#find();
    utterance.lang = utterance.voice?.lang ?? pageLanguage();
    this.#speech?.speak(utterance);
  }

  #find() {
    const [wanted] = pageLanguage().split('-');
    const speaks = (/** @type {SpeechSynthesisVoice} */ { lang, localService }) =>
      localService && lang.toLowerCase().split(/[-_]/)[0] === wanted;
    return this.#speech?.getVoices().find(speaks) ?? null;
  }
}

function pageLanguage() {
  return globalThis.document?.documentElement.lang || 'en';
}
