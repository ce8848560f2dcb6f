// @ts-check
/** The events: filters, table, export. */

import { requireElement } from '../dom.js';
import { el } from './elements.js';
import { FilterForm } from './filters.js';
import { Listing } from './listing.js';
import { hashOf, queryOf } from './route.js';
import { saveBy } from './saving.js';
import { statusTag } from './status.js';
import { table } from './table.js';
import { moment, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').Event} Event */
/** @typedef {import('./route.js').Filters} Filters */

export class EventsView {
  #form;
  /** @type {Filters} */
  #filters = {};
  /** @type {Listing<Event> | null} */
  #listing = null;
  /** @type {Desk | null} */
  #desk = null;

  /** @param {(filters: Filters) => void} choose called with the chosen filters */
  constructor(choose) {
    this.#form = new FilterForm(choose);
    requireElement('#refresh', HTMLButtonElement).addEventListener('click', () => { this.#listing?.show(); });
    const csv = requireElement('#csv', HTMLButtonElement);
    csv.addEventListener('click', () => {
      const desk = this.#desk;
      if (desk !== null) {
        saveBy(csv, requireElement('#events-message', HTMLElement), desk, () => desk.api.csv(this.#filters));
      }
    });
  }

  /** @param {Desk} desk @param {Filters} filters */
  show(desk, filters) {
    this.#desk = desk;
    this.#filters = filters;
    this.#form.show(filters);
    requireElement('#events-message', HTMLElement).hidden = true;
    this.#listing?.stop();
    this.#listing = new Listing(requireElement('#events-list', HTMLElement), desk, {
      load: async (cursor, signal) => {
        const { events, next_cursor } = await desk.api.events(filters, cursor, { signal });
        return { items: events, next: next_cursor };
      },
      table: eventTable,
      cells: eventCells,
      nothing: () => (Object.keys(filters).length === 0
        ? nothing(text('admin.events.none'), text('admin.events.none.text'))
        : nothing(text('admin.events.no_match'), text('admin.events.no_match.text'))),
      count: 'admin.events.count',
      countSoFar: 'admin.events.count_more',
    });
    this.#listing.show();
  }

  /** Whether the events for these filters are still listed. @param {Filters} filters */
  isShowing(filters) {
    return this.#listing !== null && queryOf(filters) === queryOf(this.#filters);
  }

  /** Returns the focus to the row of an event. @param {string} id the event's */
  returnTo(id) {
    const href = hashOf({ view: 'event', id });
    const links = requireElement('#events-list', HTMLElement).querySelectorAll('a');
    [...links].find((link) => link.getAttribute('href') === href)?.focus();
  }

  /** Something changed the list: it is loaded again next time. */
  outdate() {
    this.#listing = null;
  }

  stop() {
    this.#listing?.stop();
    this.outdate();
    this.#form.show({});
    this.#desk = null;
  }
}

function eventTable() {
  return table(text('admin.events.table'), [
    { words: text('admin.events.when'), sort: 'descending' },
    { words: text('admin.events.email') },
    { words: text('admin.events.status') },
    { words: text('admin.events.reason') },
    { words: text('admin.events.attempt'), number: true },
    { words: text('admin.events.review') },
  ]);
}

/** @param {Event} event @returns {import('./elements.js').Children} */
function eventCells(event) {
  const at = moment(event.created_at);
  return [
    el(
      'a',
      {
        class: 'link',
        href: hashOf({ view: 'event', id: event.id }),
        'aria-label': text('admin.events.open', { email: event.email, at }),
      },
      el('time', { datetime: event.created_at }, at),
    ),
    el('span', { class: 'address' }, event.email),
    statusTag(event.status),
    event.reason === null ? null : el('span', { title: event.reason }, wordOf('reason', event.reason)),
    String(event.attempt),
    event.review_state === null ? null : statusTag(event.review_state, 'review_state'),
  ];
}

/** @param {string} title @param {string} words */
function nothing(title, words) {
  return el('div', { class: 'nothing' }, el('h2', {}, title), el('p', {}, words));
}
