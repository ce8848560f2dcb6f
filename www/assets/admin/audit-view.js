// @ts-check
/** The audit trail: what operators did, how keys were used, and what the server did by itself. */

import { requireElement } from '../dom.js';
import { el } from './elements.js';
import { Listing } from './listing.js';
import { hashOf } from './route.js';
import { saveBy } from './saving.js';
import { table } from './table.js';
import { moment, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').AuditEntry} AuditEntry */

export class AuditView {
  /** @type {Listing<AuditEntry> | null} */
  #listing = null;
  /** @type {Desk | null} */
  #desk = null;

  constructor() {
    this.#saveOnClick('#checkpoint', (desk) => desk.api.checkpoint());
    this.#saveOnClick('#audit-csv', (desk) => desk.api.auditCsv());
  }

  /** @param {string} selector @param {(desk: Desk) => Promise<import('./api.js').Download>} load */
  #saveOnClick(selector, load) {
    const button = requireElement(selector, HTMLButtonElement);
    button.addEventListener('click', () => {
      const desk = this.#desk;
      if (desk !== null) saveBy(button, requireElement('#audit-message', HTMLElement), desk, () => load(desk));
    });
  }

  /** @param {Desk} desk */
  show(desk) {
    this.#desk = desk;
    this.#listing?.stop();
    this.#listing = new Listing(requireElement('#audit-list', HTMLElement), desk, {
      load: async (cursor, signal) => {
        const { entries, next_cursor } = await desk.api.audit(cursor, { signal });
        return { items: entries, next: next_cursor };
      },
      table: () => table(text('admin.audit.table'), [
        { words: text('admin.audit.when'), sort: 'descending' },
        { words: text('admin.audit.action') },
        { words: text('admin.audit.actor') },
        { words: text('admin.audit.details') },
      ]),
      cells: (entry) => [
        el('time', { datetime: entry.created_at }, moment(entry.created_at)),
        el('span', { 'data-action': entry.action }, wordOf('action', entry.action)),
        entry.actor,
        detailList(entry.details, desk),
      ],
      nothing: () => el('div', { class: 'nothing' }, el('h2', {}, text('admin.audit.none'))),
      count: 'admin.audit.count',
      countSoFar: 'admin.audit.count_more',
    });
    this.#listing.show();
  }

  stop() {
    this.#listing?.stop();
    this.#desk = null;
  }
}

/** A value in one line; the parts of a nested one with their names. @param {unknown} value @returns {string} */
function wordsOf(value) {
  if (Array.isArray(value)) return value.map(wordsOf).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value).map(([name, part]) => `${name} ${wordsOf(part)}`).join(', ');
}

/** The details of an entry, name by name; an event becomes a link. @param {unknown} details @param {Desk} desk */
function detailList(details, desk) {
  if (details === null || details === undefined) return null;
  if (typeof details !== 'object') return String(details);
  const named = Object.entries(details).map(([name, value]) => {
    const words = wordsOf(value);
    const isEvent = name === 'event' && desk.may('events');
    return el(
      'li',
      {},
      `${name.replaceAll('_', ' ')}: `,
      isEvent ? el('a', { href: hashOf({ view: 'event', id: words }) }, words) : words,
    );
  });
  return el('ul', { class: 'details' }, ...named);
}
