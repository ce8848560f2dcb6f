// @ts-check
/** The form that asks for a key. */

import { requireElement, setAttribute, setText } from '../dom.js';
import { asProblem } from '../problem.js';
import { keyIn } from './key.js';
import { problemWords, text } from './words.js';

export class KeyView {
  #field = requireElement('#key', HTMLInputElement);
  #message = requireElement('#message', HTMLElement);
  #button = requireElement('#sign-in', HTMLButtonElement);
  #signIn;
  #isBusy = false;

  /** @param {(key: string) => Promise<void>} signIn rejects with the reason */
  constructor(signIn) {
    this.#signIn = signIn;
    requireElement('#key-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#isBusy) this.#try();
    });
  }

  /** @param {string | null} words what happened, or null */
  show(words) {
    this.#field.value = '';
    this.#say(null, words);
  }

  async #try() {
    const key = keyIn(this.#field.value);
    if (this.#field.value.trim() === '') {
      return this.#refuse('admin_key_missing', text('admin.problem.admin_key_missing'));
    }
    if (key === null) return this.#refuse('admin_key_wrong', text('admin.problem.admin_key_wrong'));
    this.#isBusy = true;
    setAttribute(this.#button, 'aria-disabled', 'true');
    setText(this.#button, text('admin.key.checking'));
    try {
      await this.#signIn(key);
      this.show(null);
    } catch (error) {
      const problem = asProblem(error);
      this.#refuse(problem.code, problemWords(problem));
    } finally {
      this.#isBusy = false;
      setAttribute(this.#button, 'aria-disabled', null);
      setText(this.#button, text('admin.key.submit'));
    }
  }

  /** @param {string} code @param {string} words */
  #refuse(code, words) {
    this.#say(code, words);
    this.#field.select();
  }

  /** @param {string | null} code null if nothing is wrong @param {string | null} words */
  #say(code, words) {
    this.#message.hidden = words === null;
    setAttribute(this.#message, 'data-kind', code === null ? null : 'problem');
    setAttribute(this.#message, 'data-code', code);
    setAttribute(this.#field, 'aria-invalid', code === null ? null : 'true');
    setText(this.#message, words ?? '');
  }
}
