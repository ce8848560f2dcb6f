// @ts-check
/** A dialog with one form: opened, sent, closed again by Escape or its own button. */

import { setAttribute, setText, the } from '../dom.js';

export class FormDialog {
  /** @type {HTMLDialogElement} */
  element;
  #message;
  #submit;
  /** @type {() => Promise<void>} */
  #send = async () => {};
  #isSending = false;

  /** @param {string} id of the dialog; its parts begin with the same word */
  constructor(id) {
    this.element = the(`#${id}-dialog`, HTMLDialogElement);
    this.#message = the(`#${id}-message`, HTMLElement);
    this.#submit = the(`#${id}-submit`, HTMLButtonElement);
    the('[data-close]', HTMLButtonElement, this.element).addEventListener('click', () => this.close());
    the(`#${id}-form`, HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sendOnce();
    });
  }

  /** Shows it; `send` is called when the form is submitted, one call after the other. @param {() => Promise<void>} send */
  open(send) {
    this.#send = send;
    this.complain(null);
    if (!this.element.open) this.element.showModal();
  }

  close() {
    if (this.element.open) this.element.close();
  }

  /** The words on the button that sends. @param {string} words @param {{isDangerous?: boolean}} [options] */
  act(words, { isDangerous = false } = {}) {
    setText(this.#submit, words);
    setAttribute(this.#submit, 'data-danger', isDangerous ? '' : null);
  }

  /** Says what is wrong, and where; null for nothing. @param {string | null} words @param {HTMLInputElement | HTMLTextAreaElement} [field] */
  complain(words, field) {
    this.#message.hidden = words === null;
    setText(this.#message, words ?? '');
    for (const one of this.element.querySelectorAll('input, textarea')) setAttribute(one, 'aria-invalid', one === field ? 'true' : null);
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
