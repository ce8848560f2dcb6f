// @ts-check
/** Erasing an address: first shows what would be erased, then erases it for good once the address is typed again. */

import { requireElement } from '../dom.js';
import { FormDialog } from './dialog.js';
import { el } from './elements.js';
import { table } from './table.js';
import { problemWords, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */

export class Eraser {
  #dialog = new FormDialog('erase');
  #email = requireElement('#erase-email', HTMLInputElement);
  #found = requireElement('#erase-found', HTMLElement);
  #traces = requireElement('#erase-traces', HTMLElement);
  #confirm = requireElement('#erase-confirm', HTMLInputElement);
  /** The address whose traces are shown. @type {string | null} */
  #shownFor = null;

  constructor() {
    // For another address, other data would be erased.
    this.#email.addEventListener('input', () => this.#forget());
  }

  /**
   * @param {Desk} desk @param {string} email to start with, may be empty
   * @param {(words: string) => void} done called once it is erased
   */
  open(desk, email, done) {
    this.#email.value = email;
    this.#forget();
    this.#dialog.open(() => (this.#shownFor === null ? this.#preview(desk) : this.#erase(desk, this.#shownFor, done)));
    if (email === '') this.#email.focus();
    else this.#preview(desk);
  }

  close() {
    this.#dialog.close();
    this.#email.value = '';
    this.#forget();
  }

  #forget() {
    this.#shownFor = null;
    this.#found.hidden = true;
    this.#confirm.value = '';
    this.#traces.replaceChildren();
    this.#dialog.act(text('admin.erase.look'));
  }

  /** @param {Desk} desk */
  async #preview(desk) {
    const email = this.#email.value.trim();
    this.#dialog.act(text('admin.erase.looking'));
    try {
      const counts = countsOf(await desk.api.erase(email, true));
      if (email !== this.#email.value.trim()) return;
      this.#traces.replaceChildren(el('p', { class: 'strong' }, text('admin.erase.would')), traceTable(counts));
      this.#found.hidden = false;
      this.#shownFor = email;
      this.#dialog.act(text('admin.erase.submit'), { isDangerous: true });
      this.#confirm.focus();
    } catch (error) {
      this.#dialog.act(text('admin.erase.look'));
      this.#fail(desk, error);
    }
  }

  /** @param {Desk} desk @param {string} email @param {(words: string) => void} done */
  async #erase(desk, email, done) {
    if (this.#confirm.value.trim().toLowerCase() !== email.toLowerCase()) {
      return this.#dialog.complain(text('admin.erase.mismatch'), this.#confirm);
    }
    this.#dialog.act(text('admin.erase.erasing'), { isDangerous: true });
    try {
      await desk.api.erase(email, false);
      this.close();
      done(text('admin.erase.done', { email }));
    } catch (error) {
      this.#dialog.act(text('admin.erase.submit'), { isDangerous: true });
      this.#fail(desk, error);
    }
  }

  /** @param {Desk} desk @param {unknown} error */
  #fail(desk, error) {
    const problem = desk.problemOf(error);
    if (problem === null) this.close();
    else this.#dialog.complain(problemWords(problem), this.#shownFor === null ? this.#email : this.#confirm);
  }
}

/**
 * What would be erased, by kind: of all users whose address is this one, ignoring case.
 * @param {{users: import('./types.js').Erasure[]}} answer
 */
export function countsOf({ users }) {
  /** @type {Record<string, number>} */
  const counts = { users: users.length };
  for (const user of users) {
    const traces = 'would_erase' in user ? user.would_erase : {};
    for (const [what, count] of Object.entries(traces)) counts[what] = (counts[what] ?? 0) + count;
  }
  return counts;
}

/** @param {Record<string, number>} counts */
function traceTable(counts) {
  const rows = table(
    text('admin.erase.table'),
    [{ words: text('admin.erase.what') }, { words: text('admin.erase.number'), number: true }],
    { isNarrow: true },
  );
  for (const [what, count] of Object.entries(counts)) rows.add([wordOf('trace', what), String(count)]);
  return rows.element;
}
