// @ts-check
/** The audit trail: what operators did, and what was removed. */

import { the } from '../dom.js';
import { el } from './elements.js';
import { Listing } from './listing.js';
import { table } from './table.js';
import { detailsLine, moment, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').AuditEntry} AuditEntry */

export class AuditView {
  /** @type {Listing<AuditEntry> | null} */
  #listing = null;

  /** @param {Desk} desk */
  show(desk) {
    this.#listing?.stop();
    this.#listing = new Listing(the('#audit-list', HTMLElement), desk, {
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
        el('span', { class: 'small' }, detailsLine(entry.details)),
      ],
      nothing: () => el('div', { class: 'nothing' }, el('h2', {}, text('admin.audit.none'))),
      count: 'admin.audit.count',
      countSoFar: 'admin.audit.count_more',
    });
    this.#listing.show();
  }

  stop() {
    this.#listing?.stop();
  }
}
