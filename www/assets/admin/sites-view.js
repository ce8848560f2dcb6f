// @ts-check
/** Sites: what they asked for, what came of it, and whether their webhooks arrive. */

import { requireElement, setText } from '../dom.js';
import { el } from './elements.js';
import { Listing } from './listing.js';
import { hashOf } from './route.js';
import { saveBy } from './saving.js';
import { statusTag } from './status.js';
import { table } from './table.js';
import { moment, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').Check} Check */
/** @typedef {import('./types.js').Site} Site */
/** @typedef {import('./types.js').Webhook} Webhook */
/** Which site, and which of its checks. @typedef {import('./route.js').SiteChoice} SiteChoice */

const STATES = ['waiting', 'open', 'checking', 'verified', 'failed', 'review', 'canceled', 'expired'];

export class SitesView {
  #site = requireElement('#site', HTMLSelectElement);
  #state = requireElement('#check-state', HTMLSelectElement);
  /** @type {Listing<Check> | null} */
  #listing = null;
  /** @type {Desk | null} */
  #desk = null;
  #stop = new AbortController();

  /** @param {(choice: SiteChoice) => void} choose called with what was chosen */
  constructor(choose) {
    const any = el('option', { value: '' }, text('admin.filter.any'));
    this.#state.replaceChildren(any, ...STATES.map((code) => el('option', { value: code }, wordOf('check', code))));
    for (const select of [this.#site, this.#state]) select.addEventListener('change', () => choose(this.#choice));
    const csv = requireElement('#checks-csv', HTMLButtonElement);
    csv.addEventListener('click', () => {
      const desk = this.#desk;
      if (desk === null) return;
      saveBy(csv, requireElement('#sites-message', HTMLElement), desk, () => desk.api.checksCsv(this.#choice));
    });
  }

  /** @returns {SiteChoice} */
  get #choice() {
    return { site: this.#site.value || 'default', status: this.#state.value };
  }

  /** @param {Desk} desk @param {SiteChoice} choice */
  async show(desk, choice) {
    this.#desk = desk;
    this.#stop.abort();
    const { signal } = this.#stop = new AbortController();
    requireElement('#sites-message', HTMLElement).hidden = true;
    this.#state.value = choice.status;
    this.#list(desk, choice);
    try {
      const { sites } = await desk.api.sites({ signal });
      if (!signal.aborted) this.#fill(sites, choice);
    } catch (error) {
      // The list of checks shows the problem.
      desk.problemOf(error);
    }
  }

  stop() {
    this.#stop.abort();
    this.#listing?.stop();
    this.#desk = null;
    requireElement('#webhooks', HTMLElement).replaceChildren();
  }

  /** @param {Site[]} sites @param {SiteChoice} choice */
  #fill(sites, choice) {
    const options = sites.map(({ id, name }) => el('option', { value: id }, name === id ? id : `${name} (${id})`));
    this.#site.replaceChildren(...options);
    this.#site.value = choice.site;
    const site = sites.find(({ id }) => id === choice.site);
    const where = [...(site?.origins ?? []), ...(site?.return_urls ?? [])];
    setText(requireElement('#site-about', HTMLElement), where.join(' · '));
    requireElement('#webhooks', HTMLElement).replaceChildren(...(site?.webhooks ?? []).map(webhook));
  }

  /** @param {Desk} desk @param {SiteChoice} choice */
  #list(desk, choice) {
    this.#listing?.stop();
    this.#listing = new Listing(requireElement('#checks-list', HTMLElement), desk, {
      load: async (cursor, signal) => {
        const { checks, next_cursor } = await desk.api.checks(choice, cursor, { signal });
        return { items: checks, next: next_cursor };
      },
      table: () => table(text('admin.sites.table'), [
        { words: text('admin.events.when'), sort: 'descending' },
        { words: text('admin.events.email') },
        { words: text('admin.events.status') },
        { words: text('admin.sites.reference') },
        { words: text('admin.sites.how') },
        { words: text('admin.sites.attempts'), number: true },
      ]),
      cells: checkCells,
      nothing: () => el('div', { class: 'nothing' }, el('h2', {}, text('admin.sites.none'))),
      count: 'admin.sites.count',
      countSoFar: 'admin.sites.count_more',
    });
    this.#listing.show();
  }
}

/** @param {Check} check @returns {import('./elements.js').Children} */
function checkCells(check) {
  const at = el('time', { datetime: check.created_at, title: check.id }, moment(check.created_at));
  const href = check.event === null ? null : hashOf({ view: 'event', id: check.event });
  const how = [wordOf('mailbox', check.gate), check.method, check.test ? text('admin.sites.test') : null];
  const state = check.revoked_at === null ? check.status : 'revoked';
  return [
    href === null ? at : el('a', { class: 'link', href }, at),
    check.email === null ? null : el('span', { class: 'address' }, check.email),
    el('span', {}, statusTag(state, 'check'), check.last_failure === null ? null : ` ${check.last_failure}`),
    check.reference,
    how.filter((word) => word !== null).join(' · '),
    String(check.attempts),
  ];
}

/** A webhook and its latest deliveries. @param {Webhook} webhook */
function webhook({ url, test, disabled_at, disabled_why, deliveries }) {
  const rows = table(text('admin.sites.deliveries', { url }), [
    { words: text('admin.events.when'), sort: 'descending' },
    { words: text('admin.events.status') },
    { words: text('admin.sites.tries'), number: true },
    { words: text('admin.sites.answer') },
  ]);
  for (const delivery of deliveries) {
    const next = delivery.next_try_at === null || delivery.tries === 0 ? null
      : text('admin.sites.next', { at: moment(delivery.next_try_at) });
    rows.add([
      el('time', { datetime: delivery.created_at, title: delivery.event }, moment(delivery.created_at)),
      statusTag(delivery.state, 'delivery'),
      String(delivery.tries),
      [delivery.last_status, delivery.last_error, next].filter((part) => part !== null).join(' · ') || null,
    ]);
  }
  const ended = disabled_at === null ? null
    : el('p', { class: 'message', 'data-kind': 'problem' },
      text('admin.sites.disabled', { at: moment(disabled_at), why: disabled_why ?? '' }));
  return el('section', {},
    el('h2', { class: 'address' }, test ? `${url} · ${text('admin.sites.test')}` : url),
    ended,
    deliveries.length === 0 ? el('p', { class: 'small' }, text('admin.sites.no_deliveries')) : rows.element);
}
