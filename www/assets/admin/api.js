// @ts-check
/** The admin interface for one key: one function per request, every failure a `Problem` with the server's code. */

import { OWN_PAGE, read, request, unreachable } from '../api.js';
import { aborted, Problem } from '../problem.js';
import { queryOf, queryOfSite } from './route.js';

/** @typedef {import('./route.js').Filters} Filters */
/** @typedef {import('./route.js').SiteChoice} SiteChoice */
/** @typedef {{signal?: AbortSignal}} Options */
/** @typedef {{blob: Blob, name: string}} Download */
/** @typedef {ReturnType<typeof adminApi>} AdminApi */

/** Events or entries per page. */
const PAGE = '100';

/** @param {string} key */
export function adminApi(key) {
  const headers = { Authorization: `Bearer ${key}` };

  /** @param {string} path @param {Options} [options] */
  const get = (path, options) => request(path, { headers, cache: 'no-store' }, options);

  /** @param {string} path @param {object} body @param {Options} [options] */
  const post = (path, body, options) => {
    const all = { ...headers, ...OWN_PAGE, 'Content-Type': 'application/json' };
    return request(path, { method: 'POST', headers: all, body: JSON.stringify(body) }, options);
  };

  /**
   * Downloads a file, however long that takes.
   * @param {string} path @param {Options} [options] @returns {Promise<Download>}
   */
  const download = async (path, { signal } = {}) => {
    try {
      const response = await fetch(path, {
        headers,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: signal ?? null,
      });
      if (!response.ok) return read(response.status, (name) => response.headers.get(name), await response.text());
      const blob = await response.blob();
      return { blob, name: fileName(response.headers.get('Content-Disposition')) ?? path.split('/').at(-1) ?? 'file' };
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw signal?.aborted ? aborted() : unreachable(error);
    }
  };

  const id = (/** @type {string} */ event) => encodeURIComponent(event);
  return {
    /**
     * Opens a session with a key that has a second factor.
     * @param {string} code @param {Options} [options] @returns {Promise<import('./types.js').AdminSession>}
     */
    openSession: (code, options) => post('/admin/session', { code }, options),
    /** Ends the session, if this is one. @param {Options} [options] @returns {Promise<{ended: boolean}>} */
    endSession: (options) =>
      request('/admin/session', { method: 'DELETE', headers: { ...headers, ...OWN_PAGE } }, options),
    /** @param {Options} [options] @returns {Promise<import('./types.js').Me>} */
    me: (options) => get('/admin/me', options),
    /**
     * @param {Filters} filters @param {string | null} cursor @param {Options} [options]
     * @returns {Promise<import('./types.js').EventPage>}
     */
    events: (filters, cursor, options) =>
      get(`/admin/events?${queryOf(filters, { limit: PAGE, ...(cursor === null ? {} : { cursor }) })}`, options),
    /** @param {Filters} filters @param {Options} [options] */
    csv: (filters, options) => download(`/admin/events.csv?${queryOf(filters)}`.replace(/\?$/, ''), options),
    /**
     * @param {SiteChoice} choice @param {string | null} cursor @param {Options} [options]
     * @returns {Promise<import('./types.js').CheckPage>}
     */
    checks: (choice, cursor, options) =>
      get(`/admin/checks?${queryOfSite(choice, { limit: PAGE, ...(cursor === null ? {} : { cursor }) })}`, options),
    /** @param {SiteChoice} choice @param {Options} [options] */
    checksCsv: (choice, options) => download(`/admin/checks.csv?${queryOfSite(choice)}`, options),
    /** @param {Options} [options] @returns {Promise<{sites: import('./types.js').Site[]}>} */
    sites: (options) => get('/admin/sites', options),
    /** @param {string} event @param {Options} [options] @returns {Promise<import('./types.js').WholeEvent>} */
    event: (event, options) => get(`/admin/events/${id(event)}`, options),
    /** @param {string} event @param {Options} [options] */
    bundle: (event, options) => download(`/admin/events/${id(event)}/bundle`, options),
    /**
     * Each view is recorded in the audit trail.
     * @param {string} reference `captures/…`, as in the event @param {Options} [options]
     */
    picture: (reference, options) => download(`/admin/${reference}`, options),
    /**
     * @param {string} event @param {'approve' | 'decline'} decision @param {string} note @param {Options} [options]
     * @returns {Promise<{user: {status: string}}>}
     */
    review: (event, decision, note, options) => post(`/admin/events/${id(event)}/review`, { decision, note }, options),
    /**
     * @param {string} email @param {boolean} dryRun @param {Options} [options]
     * @returns {Promise<{users: import('./types.js').Erasure[]}>}
     */
    erase: (email, dryRun, options) => post('/admin/erase', { email, dry_run: dryRun }, options),
    /**
     * A signed checkpoint of the audit trail, as a file with the date in its name.
     * @param {Options} [options] @returns {Promise<Download>}
     */
    checkpoint: async (options) => ({
      ...(await download('/admin/audit/checkpoint', options)),
      name: `checkpoint-${new Date().toISOString().slice(0, 10)}.txt`,
    }),
    /** @param {Options} [options] */
    auditCsv: (options) => download('/admin/audit.csv', options),
    /** @param {string | null} cursor @param {Options} [options] @returns {Promise<import('./types.js').AuditPage>} */
    audit: (cursor, options) =>
      get(`/admin/audit?${new URLSearchParams({ limit: PAGE, ...(cursor === null ? {} : { cursor }) })}`, options),
  };
}

/** The name in a `Content-Disposition`. @param {string | null} header */
export function fileName(header) {
  return /filename="([^"/\\]+)"/.exec(header ?? '')?.[1] ?? null;
}

/** Has the browser save a file. @param {Download} download */
export function save({ blob, name }) {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // Not at once: some browsers start reading only after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
