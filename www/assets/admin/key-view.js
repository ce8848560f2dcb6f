// @ts-check
/** The form that asks for a key, and for a code if the key has a second factor. */

import { requireElement, setAttribute, setText } from '../dom.js';
import { asProblem } from '../problem.js';
import { keyIn } from './key.js';
import { problemWords, text } from './words.js';

/** Problems with the code, not with the key. */
const ABOUT_CODES = new Set(['admin_code_required', 'admin_code_wrong', 'too_many_requests']);

export class KeyView {
  #field = requireElement('#key', HTMLInputElement);
  #codeRow = requireElement('#code-row', HTMLElement);
  #code = requireElement('#code', HTMLInputElement);
  #message = requireElement('#message', HTMLElement);
  #button = requireElement('#sign-in', HTMLButtonElement);
  #signIn;
  #isBusy = false;

  /** @param {(key: string, code: string | null) => Promise<void>} signIn rejects with the reason */
  constructor(signIn) {
    this.#signIn = signIn;
    requireElement('#key-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#isBusy) this.#try();
    });
    // Another key may need no code.
    this.#field.addEventListener('input', () => this.#askForCode(false));
  }

  /** @param {string | null} words what happened, or null */
  show(words) {
    this.#field.value = '';
    this.#askForCode(false);
    this.#say(null, words);
  }

  async #try() {
    const key = keyIn(this.#field.value);
    if (this.#field.value.trim() === '') {
      return this.#refuse('admin_key_missing', text('admin.problem.admin_key_missing'));
    }
    if (key === null) return this.#refuse('admin_key_wrong', text('admin.problem.admin_key_wrong'));
    const code = this.#codeRow.hidden ? null : this.#code.value.trim();
    if (code === '') return this.#refuse('admin_code_required', text('admin.problem.admin_code_required'));
    this.#isBusy = true;
    setAttribute(this.#button, 'aria-disabled', 'true');
    setText(this.#button, text('admin.key.checking'));
    try {
      await this.#signIn(key, code);
      this.show(null);
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'admin_code_required') this.#askForCode(true);
      this.#refuse(problem.code, problemWords(problem));
    } finally {
      this.#isBusy = false;
      setAttribute(this.#button, 'aria-disabled', null);
      setText(this.#button, text('admin.key.submit'));
    }
  }

  /** @param {boolean} is */
  #askForCode(is) {
    this.#codeRow.hidden = !is;
    this.#code.value = '';
  }

  /** @param {string} code @param {string} words */
  #refuse(code, words) {
    this.#say(code, words);
    (this.#isAboutCode(code) ? this.#code : this.#field).select();
  }

  /** @param {string | null} code */
  #isAboutCode(code) {
    return code !== null && ABOUT_CODES.has(code) && !this.#codeRow.hidden;
  }

  /** @param {string | null} code null if nothing is wrong @param {string | null} words */
  #say(code, words) {
    this.#message.hidden = words === null;
    // That a code is needed is no mistake.
    const isProblem = code !== null && code !== 'admin_code_required';
    setAttribute(this.#message, 'data-kind', isProblem ? 'problem' : null);
    setAttribute(this.#message, 'data-code', code);
    const isAboutCode = this.#isAboutCode(code);
    setAttribute(this.#field, 'aria-invalid', isProblem && !isAboutCode ? 'true' : null);
    setAttribute(this.#code, 'aria-invalid', isProblem && isAboutCode ? 'true' : null);
    setText(this.#message, words ?? '');
  }
}
