// @ts-check
/** Entry of /admin: asks for a key, then shows the view that the address bar names. */

import { requireElement, setAttribute, setText } from '../dom.js';
import { asProblem, isAbort } from '../problem.js';
import { showScreen } from '../screens.js';
import { adminApi } from '../admin/api.js';
import { AuditView } from '../admin/audit-view.js';
import { Eraser } from '../admin/erase.js';
import { EventView } from '../admin/event-view.js';
import { EventsView } from '../admin/events-view.js';
import { KeyView } from '../admin/key-view.js';
import { forgetKey, saveKey, savedKey } from '../admin/key.js';
import { hashOf, routeOf } from '../admin/route.js';
import { SitesView } from '../admin/sites-view.js';
import { problemWords, text } from '../admin/words.js';

/** @typedef {import('../admin/types.js').Desk} Desk */

/** Problems that only another key can solve. */
const KEY_REFUSED = new Set(['admin_key_missing', 'admin_key_wrong', 'admin_code_required', 'admin_session_over']);

const main = requireElement('#main', HTMLElement);
const said = requireElement('#said', HTMLElement);
const eraser = new Eraser();
const events = new EventsView((filters) => go(hashOf({ view: 'events', filters })));
const event = new EventView();
const sites = new SitesView((choice) => go(hashOf({ view: 'sites', choice })));
const audit = new AuditView();
const keyView = new KeyView(signIn);
/** @type {Desk | null} */
let desk = null;
/** Aborts what is being loaded for the current view. */
let loading = new AbortController();
/** The event shown last. */
let lastEvent = '';
/** The route of the list shown last. */
let lastEvents = hashOf({ view: 'events', filters: {} });

addEventListener('hashchange', () => { if (desk !== null) show(desk); });
requireElement('#sign-out', HTMLButtonElement).addEventListener('click', () => signOut(text('admin.key.signed_out')));
requireElement('#again', HTMLButtonElement).addEventListener('click', () => { if (desk !== null) show(desk); });
// Following its href would change the route.
requireElement('.skip', HTMLAnchorElement).addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
requireElement('#to-erase', HTMLButtonElement).addEventListener('click', () => erase(''));
begin();

async function begin() {
  const key = savedKey();
  if (key === null) return askForKey(null, { focus: false });
  try {
    await signIn(key);
  } catch (error) {
    const problem = asProblem(error);
    if (KEY_REFUSED.has(problem.code)) forgetKey();
    askForKey(problemWords(problem));
  }
}

/**
 * Signs in, or rejects with the reason. A key with a second factor opens a session, which is kept in its place.
 * @param {string} key a key, or a session @param {string | null} [code]
 */
async function signIn(key, code = null) {
  const kept = code === null ? key : (await adminApi(key).openSession(code)).token;
  const api = adminApi(kept);
  const me = await api.me();
  saveKey(kept);
  desk = { api, me, may: (scope) => me.scopes.includes(scope), say, problemOf };
  setText(requireElement('#name', HTMLElement), text('admin.signed_in_as', { name: me.name }));
  const visible = {
    'nav': true,
    'who': true,
    'to-events': desk.may('events'),
    'to-sites': desk.may('events'),
    'to-audit': desk.may('audit'),
    'to-erase': desk.may('erase'),
  };
  for (const [id, is] of Object.entries(visible)) requireElement(`#${id}`, HTMLElement).hidden = !is;
  show(desk);
}

/** @param {string | null} words the reason */
function signOut(words) {
  forgetKey();
  loading.abort();
  // If the server cannot be reached, the session ends by itself. A key is none.
  desk?.api.endSession().catch(() => {});
  desk = null;
  for (const view of [events, event, sites, audit]) view.stop();
  eraser.close();
  lastEvents = hashOf({ view: 'events', filters: {} });
  // The hash names events and perhaps an e-mail address.
  history.replaceState(null, '', location.pathname);
  requireElement('#nav', HTMLElement).hidden = true;
  requireElement('#who', HTMLElement).hidden = true;
  setText(requireElement('#name', HTMLElement), '');
  askForKey(words);
}

/** @param {string | null} words message beside the field @param {{focus?: boolean}} [options] */
function askForKey(words, options) {
  showScreen(main, 'key', 'key', options);
  keyView.show(words);
}

/** Opens another route, or reloads this one. @param {string} hash */
function go(hash) {
  if (location.hash !== hash) location.hash = hash;
  else if (desk !== null) show(desk);
}

/** Shows the route in the address bar. @param {Desk} desk */
async function show(desk) {
  loading.abort();
  const { signal } = loading = new AbortController();
  const route = routeOf(location.hash);
  const view = desk.may('events') || route.view === 'audit' ? route.view : 'audit';
  const isHere = main.dataset['screen'] === view;
  for (const name of /** @type {const} */ (['events', 'sites', 'audit'])) {
    setAttribute(requireElement(`#to-${name}`, HTMLElement), 'aria-current', view === name ? 'page' : null);
  }
  if (view === 'audit' && !desk.may('audit')) return nothingToShow(desk);
  if (view === 'audit') {
    showScreen(main, 'audit', 'audit');
    return audit.show(desk);
  }
  if (route.view === 'sites') {
    if (!isHere) showScreen(main, 'sites', 'sites');
    return sites.show(desk, route.choice);
  }
  if (route.view === 'events') {
    lastEvents = hashOf(route);
    const cameBack = main.dataset['screen'] === 'event' && events.isShowing(route.filters);
    // Filters change the list, not the view: the focus stays in them.
    if (!isHere) showScreen(main, 'events', 'events');
    return cameBack ? events.returnTo(lastEvent) : events.show(desk, route.filters);
  }
  if (route.view === 'event') await showEvent(desk, route.id, signal);
}

/**
 * @param {Desk} desk @param {string} id @param {AbortSignal} signal @param {string} [words] announced once it is shown
 */
async function showEvent(desk, id, signal, words = undefined) {
  requireElement('#back', HTMLAnchorElement).href = lastEvents;
  lastEvent = id;
  showScreen(main, 'loading', 'loading', { focus: false });
  say(text('admin.loading'));
  try {
    await event.show(desk, id, signal, {
      changed: (done) => {
        events.outdate();
        showEvent(desk, id, signal, done);
      },
      erase,
    });
    if (signal.aborted) return;
    showScreen(main, 'event', 'event');
    say(words ?? '');
  } catch (error) {
    const problem = desk.problemOf(error);
    if (problem === null) return;
    setText(requireElement('#problem', HTMLElement), problemWords(problem));
    setAttribute(requireElement('#problem', HTMLElement), 'data-code', problem.code);
    showScreen(main, 'error', 'error');
  }
}

/** @param {Desk} desk */
function nothingToShow({ me }) {
  setText(
    requireElement('#problem', HTMLElement),
    text('admin.key.nothing', { scopes: me.scopes.join(', ') || text('admin.key.no_scopes') }),
  );
  setAttribute(requireElement('#problem', HTMLElement), 'data-code', 'admin_scope_missing');
  showScreen(main, 'error', 'error');
}

/** @param {string} email */
function erase(email) {
  if (desk === null) return;
  const here = desk;
  eraser.open(here, email, (words) => {
    events.outdate();
    show(here).then(() => say(words));
  });
}

/** @param {string} words */
function say(words) {
  setText(said, words);
}

/** @param {unknown} error @returns {import('../problem.js').Problem | null} */
function problemOf(error) {
  if (isAbort(error)) return null;
  const problem = asProblem(error);
  if (!KEY_REFUSED.has(problem.code)) return problem;
  signOut(problemWords(problem));
  return null;
}
