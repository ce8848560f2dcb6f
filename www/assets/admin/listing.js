// @ts-check
/** A list that loads page by page, with its states: loading, empty, failed, complete, and more to load. */

import { button, el } from './elements.js';
import { plural, problemWords, text } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */

/**
 * @template T
 * @typedef {object} Source
 * @property {(cursor: string | null, signal: AbortSignal) => Promise<{items: T[], next: string | null}>} load
 * @property {() => ReturnType<typeof import('./table.js').table>} table creates an empty table
 * @property {(item: T) => import('./elements.js').Children} cells
 * @property {() => HTMLElement} nothing shown if there are no items
 * @property {string} count plural key for a complete list
 * @property {string} countSoFar plural key if there are more
 */

/** @template T */
export class Listing {
  #root;
  #desk;
  /** @type {Source<T>} */
  #source;
  #stop = new AbortController();

  /** @param {HTMLElement} root @param {Desk} desk @param {Source<T>} source */
  constructor(root, desk, source) {
    this.#root = root;
    this.#desk = desk;
    this.#source = source;
  }

  /** Loads the list from its start. A load in progress is aborted. */
  async show() {
    this.#stop.abort();
    const { signal } = this.#stop = new AbortController();
    this.#root.setAttribute('aria-busy', 'true');
    this.#root.replaceChildren(el('div', { class: 'bar', 'data-moving': true }, el('span')));
    this.#desk.say(text('admin.loading'));
    try {
      const { items, next } = await this.#source.load(null, signal);
      if (!signal.aborted) this.#fill(items, next);
    } catch (error) {
      this.#fail(error, () => this.show());
    } finally {
      if (!signal.aborted) this.#root.removeAttribute('aria-busy');
    }
  }

  /** Aborts loading and clears the list. */
  stop() {
    this.#stop.abort();
    this.#root.replaceChildren();
  }

  /** @param {T[]} items @param {string | null} next */
  #fill(items, next) {
    if (items.length === 0) {
      const nothing = this.#source.nothing();
      this.#root.replaceChildren(nothing);
      this.#desk.say(nothing.querySelector('h2')?.textContent ?? nothing.textContent ?? '');
      return;
    }
    const rows = this.#source.table();
    const foot = el('div', { class: 'foot' });
    this.#root.replaceChildren(rows.element, foot);
    for (const item of items) rows.add(this.#source.cells(item));
    this.#end(rows, foot, next);
  }

  /**
   * Fills the footer below the rows.
   * @param {ReturnType<Source<T>['table']>} rows @param {HTMLElement} foot @param {string | null} next
   */
  #end(rows, foot, next) {
    const count = plural(next === null ? this.#source.count : this.#source.countSoFar, rows.body.rows.length);
    const more =
      next === null ? null : button(text('admin.more'), () => this.#more(rows, foot, next), { 'data-more': true });
    foot.replaceChildren(el('p', { class: 'count' }, count), ...(more ? [more] : []));
    this.#desk.say(count);
  }

  /** @param {ReturnType<Source<T>['table']>} rows @param {HTMLElement} foot @param {string} cursor */
  async #more(rows, foot, cursor) {
    const { signal } = this.#stop;
    const hadFocus = foot.contains(document.activeElement);
    foot.replaceChildren(el('div', { class: 'bar', 'data-moving': true }, el('span')));
    try {
      const { items, next } = await this.#source.load(cursor, signal);
      if (signal.aborted) return;
      const added = items.map((item) => rows.add(this.#source.cells(item)));
      this.#end(rows, foot, next);
      // Continues reading at the first new row.
      const [first] = added;
      const target = first?.querySelector('a') ?? first ?? null;
      if (hadFocus && target !== null) {
        if (target === first) first.tabIndex = -1;
        target.focus();
      }
    } catch (error) {
      const problem = this.#desk.problemOf(error);
      if (problem !== null) {
        foot.replaceChildren(
          el('p', { class: 'message', 'data-kind': 'problem', role: 'alert' }, problemWords(problem)),
          button(text('admin.again'), () => this.#more(rows, foot, cursor)),
        );
      }
    }
  }

  /** @param {unknown} error @param {() => void} again */
  #fail(error, again) {
    const problem = this.#desk.problemOf(error);
    if (problem === null) return;
    const message = el(
      'p',
      { class: 'message', 'data-kind': 'problem', 'data-code': problem.code, role: 'alert' },
      problemWords(problem),
    );
    this.#root.replaceChildren(message, el('p', { class: 'row' }, button(text('admin.again'), again)));
  }
}
