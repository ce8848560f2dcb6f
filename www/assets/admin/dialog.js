// @ts-check
/** A dialog with one form: opened, submitted, closed with Escape or its own button. */

import { requireElement, setAttribute, setText } from '../dom.js';

export class FormDialog {
  /** @type {HTMLDialogElement} */
  element;
  #message;
  #submit;
  /** @type {() => Promise<void>} */
  #send = async () => {};
  #isSending = false;

  /** @param {string} id of the dialog; the ids of its parts begin with it */
  constructor(id) {
    this.element = requireElement(`#${id}-dialog`, HTMLDialogElement);
    this.#message = requireElement(`#${id}-message`, HTMLElement);
    this.#submit = requireElement(`#${id}-submit`, HTMLButtonElement);
    requireElement('[data-close]', HTMLButtonElement, this.element).addEventListener('click', () => this.close());
    requireElement(`#${id}-form`, HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sendOnce();
    });
  }

  /**
   * Opens the dialog; `send` is called when the form is submitted, one call at a time.
   * @param {() => Promise<void>} send
   */
  open(send) {
    this.#send = send;
    this.complain(null);
    if (!this.element.open) this.element.showModal();
  }

  close() {
    if (this.element.open) this.element.close();
  }

  /** Sets the label of the submit button. @param {string} words @param {{isDangerous?: boolean}} [options] */
  act(words, { isDangerous = false } = {}) {
    setText(this.#submit, words);
    setAttribute(this.#submit, 'data-danger', isDangerous ? '' : null);
  }

  /**
   * Says what is wrong and in which field; null clears the message.
   * @param {string | null} words @param {HTMLInputElement | HTMLTextAreaElement} [field]
   */
  complain(words, field) {
    this.#message.hidden = words === null;
    setText(this.#message, words ?? '');
    for (const one of this.element.querySelectorAll('input, textarea')) {
      setAttribute(one, 'aria-invalid', one === field ? 'true' : null);
    }
    field?.focus();
  }

  async #sendOnce() {
    if (this.#isSending) return;
    this.#isSending = true;
    setAttribute(this.#submit, 'aria-disabled', 'true');
    this.complain(null);
    try {
      await this.#send();
    } finally {
      this.#isSending = false;
      setAttribute(this.#submit, 'aria-disabled', null);
    }
  }
}
