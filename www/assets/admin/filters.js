// @ts-check
/** The form that filters the events. Its values are kept in the address bar and nowhere else. */

import { requireElement } from '../dom.js';
import { el } from './elements.js';
import { FILTERS, filtersOf } from './route.js';
import { reasons, text, wordOf } from './words.js';

/** @typedef {import('./route.js').Filters} Filters */

const STATUSES = ['VERIFIED', 'FAILED'];
const REVIEW_STATES = ['open', 'approved', 'declined'];

export class FilterForm {
  #form = requireElement('#filters', HTMLFormElement);
  #box = requireElement('#filter-box', HTMLDetailsElement);
  /** If there is room, the filters are always visible (admin.css). */
  #roomy = matchMedia('(min-width: 44rem)');

  /** @param {(filters: Filters) => void} apply called with what was chosen */
  constructor(apply) {
    this.#offer('status', STATUSES.map((code) => [code, wordOf('status', code)]));
    this.#offer('reason', reasons().map((code) => [code, `${code}: ${wordOf('reason', code)}`]));
    this.#offer('review', REVIEW_STATES.map((code) => [code, wordOf('review_state', code)]));
    this.#roomy.addEventListener('change', () => this.#fold());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      apply(filtersOf(new FormData(this.#form)));
    });
    requireElement('#clear', HTMLButtonElement).addEventListener('click', () => apply({}));
  }

  /** @param {Filters} filters */
  show(filters) {
    for (const name of FILTERS) {
      const field = this.#form.elements.namedItem(name);
      const value = filters[name] ?? '';
      if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === value)) {
        field.append(el('option', { value }, value));
      }
      // The address bar may hold an instant, which a date field cannot show.
      if (field instanceof HTMLInputElement && (name === 'from' || name === 'to')) {
        field.type = /^(\d{4}-\d\d-\d\d)?$/.test(value) ? 'date' : 'text';
      }
      if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
    }
    this.#fold();
  }

  /** On a phone the filters are collapsed while none is set. */
  #fold() {
    this.#box.open = this.#roomy.matches || Object.keys(filtersOf(new FormData(this.#form))).length > 0;
  }

  /** @param {string} name @param {string[][]} choices */
  #offer(name, choices) {
    const field = requireElement(`[name="${name}"]`, HTMLSelectElement, this.#form);
    const options = choices.map(([value = '', words = '']) => el('option', { value }, words));
    field.replaceChildren(el('option', { value: '' }, text('admin.filter.any')), ...options);
  }
}
