// @ts-check
/**
 * Where in the console one is, as it stands in the address bar: `#events?status=FAILED`, `#event/ID`, `#audit`. Behind the `#`,
 * since browsers send nothing of that: what is looked for (addresses, too) reaches no server's log and no other site.
 */

/** @typedef {'status' | 'reason' | 'email' | 'from' | 'to' | 'review'} FilterName */
/** @typedef {Partial<Record<FilterName, string>>} Filters only those that are set */
/** @typedef {{view: 'events', filters: Filters} | {view: 'event', id: string} | {view: 'audit'}} Place */

/** Every filter of the events, by its name in the interface. @type {readonly FilterName[]} */
export const FILTERS = ['status', 'reason', 'email', 'from', 'to', 'review'];

/** Where the part of an address behind (and with) its `#` leads; what is unknown leads to the events. @param {string} hash @returns {Place} */
export function placeOf(hash) {
  const [path = '', query = ''] = split(hash.replace(/^#/, ''), '?');
  if (path === 'audit') return { view: 'audit' };
  const id = path.startsWith('event/') ? decoded(path.slice('event/'.length)) : '';
  if (id !== '') return { view: 'event', id };
  return { view: 'events', filters: filtersOf(new URLSearchParams(query)) };
}

/** The address of a place, with its `#`. @param {Place} place */
export function hashOf(place) {
  if (place.view === 'audit') return '#audit';
  if (place.view === 'event') return `#event/${encodeURIComponent(place.id)}`;
  const query = queryOf(place.filters);
  return query === '' ? '#events' : `#events?${query}`;
}

/** The filters as a query, with whatever else the request says. @param {Filters} filters @param {Record<string, string>} [more] */
export function queryOf(filters, more = {}) {
  const set = FILTERS.flatMap((name) => (filters[name] ? [[name, filters[name] ?? '']] : []));
  return new URLSearchParams([...set, ...Object.entries(more)]).toString();
}

/** The filters that are set, in their order. @param {{get(name: string): unknown}} values a query or a form's data @returns {Filters} */
export function filtersOf(values) {
  const set = FILTERS.map((name) => [name, String(values.get(name) ?? '').trim()]).filter(([, value]) => value !== '');
  return Object.fromEntries(set);
}

/** @param {string} whole @param {string} at */
function split(whole, at) {
  const index = whole.indexOf(at);
  return index < 0 ? [whole] : [whole.slice(0, index), whole.slice(index + 1)];
}

/** Somebody may have cut the address anywhere. @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
