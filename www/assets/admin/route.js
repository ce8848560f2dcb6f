// @ts-check
/**
 * The console's routes, as they appear in the address bar: `#events?status=FAILED`, `#event/ID`, `#sites?site=shop`,
 * `#audit`. After the `#`, because browsers never send that part: filters (addresses, too) reach no server log and no
 * other site.
 */

/** @typedef {'status' | 'reason' | 'email' | 'from' | 'to' | 'review'} FilterName */
/** @typedef {Partial<Record<FilterName, string>>} Filters only those that are set */
/** A site, and the state of its checks; empty for all. @typedef {{site: string, status: string}} SiteChoice */
/**
 * @typedef {{view: 'events', filters: Filters} | {view: 'event', id: string} | {view: 'sites', choice: SiteChoice} |
 *   {view: 'audit'}} Route
 */

/** Every filter of the events, by its name in the interface. @type {readonly FilterName[]} */
export const FILTERS = ['status', 'reason', 'email', 'from', 'to', 'review'];

/** The route of an address's hash; an unknown one leads to the events. @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const [path = '', query = ''] = split(hash.replace(/^#/, ''), '?');
  if (path === 'audit') return { view: 'audit' };
  if (path === 'sites') {
    const values = new URLSearchParams(query);
    return { view: 'sites', choice: { site: values.get('site') || 'default', status: values.get('status') ?? '' } };
  }
  const id = path.startsWith('event/') ? decoded(path.slice('event/'.length)) : '';
  if (id !== '') return { view: 'event', id };
  return { view: 'events', filters: filtersOf(new URLSearchParams(query)) };
}

/** The hash of a route, with its `#`. @param {Route} route */
export function hashOf(route) {
  if (route.view === 'audit') return '#audit';
  if (route.view === 'sites') return `#sites?${queryOfSite(route.choice)}`;
  if (route.view === 'event') return `#event/${encodeURIComponent(route.id)}`;
  const query = queryOf(route.filters);
  return query === '' ? '#events' : `#events?${query}`;
}

/** The filters as a query, with further parameters. @param {Filters} filters @param {Record<string, string>} [more] */
export function queryOf(filters, more = {}) {
  const set = FILTERS.flatMap((name) => (filters[name] ? [[name, filters[name] ?? '']] : []));
  return new URLSearchParams([...set, ...Object.entries(more)]).toString();
}

/** A choice as a query, with further parameters. @param {SiteChoice} choice @param {Record<string, string>} [more] */
export function queryOfSite({ site, status }, more = {}) {
  return new URLSearchParams({ site, ...(status === '' ? {} : { status }), ...more }).toString();
}

/**
 * The filters that are set, in order.
 * @param {{get(name: string): unknown}} values a query or a form's data @returns {Filters}
 */
export function filtersOf(values) {
  const set = FILTERS.map((name) => [name, String(values.get(name) ?? '').trim()]).filter(([, value]) => value !== '');
  return Object.fromEntries(set);
}

/** @param {string} whole @param {string} at */
function split(whole, at) {
  const index = whole.indexOf(at);
  return index < 0 ? [whole] : [whole.slice(0, index), whole.slice(index + 1)];
}

/** The address may have been truncated anywhere. @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
