// @ts-check
/** Entry of /admin: asks for a key, then leads to where the address bar says. */

import { setAttribute, setText, the } from '../dom.js';
import { asProblem, isAbort, Problem } from '../problem.js';
import { showScreen } from '../screens.js';
import { adminApi } from '../admin/api.js';
import { AuditView } from '../admin/audit-view.js';
import { Eraser } from '../admin/erase.js';
import { EventView } from '../admin/event-view.js';
import { EventsView } from '../admin/events-view.js';
import { KeyView } from '../admin/key-view.js';
import { forgetKey, keepKey, keptKey } from '../admin/key.js';
import { hashOf, placeOf } from '../admin/place.js';
import { localize, problemWords, text } from '../admin/words.js';

/** @typedef {import('../admin/types.js').Desk} Desk */

/** What makes a key useless, and asking for another the only way on. */
const REFUSED = new Set(['admin_key_missing', 'admin_key_wrong']);

localize(document);
const main = the('#main', HTMLElement);
const said = the('#said', HTMLElement);
const eraser = new Eraser();
const events = new EventsView((filters) => go(hashOf({ view: 'events', filters })));
const event = new EventView();
const audit = new AuditView();
const keyView = new KeyView(signIn);
/** @type {Desk | null} */
let desk = null;
/** What is being loaded for the view that is shown. */
let going = new AbortController();
/** The event that was looked at last. */
let lastEvent = '';
/** The events as they were last looked at. */
let lastEvents = hashOf({ view: 'events', filters: {} });

addEventListener('hashchange', () => { if (desk !== null) show(desk); });
the('#sign-out', HTMLButtonElement).addEventListener('click', () => signOut(text('admin.key.signed_out')));
the('#again', HTMLButtonElement).addEventListener('click', () => { if (desk !== null) show(desk); });
// Its own address would lead away from what is shown.
the('.skip', HTMLAnchorElement).addEventListener('click', (event) => { event.preventDefault(); main.focus(); });
the('#to-erase', HTMLButtonElement).addEventListener('click', () => erase(''));
begin();

async function begin() {
  const key = keptKey();
  if (key === null) return askForKey(null, { focus: false });
  try {
    await signIn(key);
  } catch (error) {
    const problem = asProblem(error);
    if (REFUSED.has(problem.code)) forgetKey();
    askForKey(problemWords(problem));
  }
}

/** Signs in, or throws why not. @param {string} key */
async function signIn(key) {
  const api = adminApi(key);
  const me = await api.me();
  keepKey(key);
  desk = { api, me, may: (scope) => me.scopes.includes(scope), say, problemOf };
  setText(the('#name', HTMLElement), text('admin.signed_in_as', { name: me.name }));
  for (const [id, is] of Object.entries({ nav: true, who: true, 'to-events': desk.may('events'), 'to-audit': desk.may('audit'), 'to-erase': desk.may('erase') })) the(`#${id}`, HTMLElement).hidden = !is;
  show(desk);
}

/** @param {string | null} words why */
function signOut(words) {
  forgetKey();
  going.abort();
  desk = null;
  for (const view of [events, event, audit]) view.stop();
  eraser.close();
  lastEvents = hashOf({ view: 'events', filters: {} });
  // The address names events and perhaps somebody's address.
  history.replaceState(null, '', location.pathname);
  the('#nav', HTMLElement).hidden = true;
  the('#who', HTMLElement).hidden = true;
  setText(the('#name', HTMLElement), '');
  askForKey(words);
}

/** @param {string | null} words what to say beside the field @param {{focus?: boolean}} [options] */
function askForKey(words, options) {
  showScreen(main, 'key', 'key', options);
  keyView.show(words);
}

/** Leads to another place, or looks at this one again. @param {string} hash */
function go(hash) {
  if (location.hash !== hash) location.hash = hash;
  else if (desk !== null) show(desk);
}

/** Shows what the address bar names. @param {Desk} desk */
async function show(desk) {
  going.abort();
  const { signal } = going = new AbortController();
  const place = placeOf(location.hash);
  const view = desk.may('events') || place.view === 'audit' ? place.view : 'audit';
  const isHere = main.dataset['screen'] === view;
  for (const [id, name] of /** @type {const} */ ([['to-events', 'events'], ['to-audit', 'audit']])) setAttribute(the(`#${id}`, HTMLElement), 'aria-current', view === name ? 'page' : null);
  if (view === 'audit' && !desk.may('audit')) return nothingToShow(desk);
  if (view === 'audit') {
    showScreen(main, 'audit', 'audit');
    return audit.show(desk);
  }
  if (place.view === 'events') {
    lastEvents = hashOf(place);
    const cameBack = main.dataset['screen'] === 'event' && events.isShowing(place.filters);
    // Filters change the list, not the place: the focus stays in them.
    if (!isHere) showScreen(main, 'events', 'events');
    return cameBack ? events.returnTo(lastEvent) : events.show(desk, place.filters);
  }
  if (place.view === 'event') await showEvent(desk, place.id, signal);
}

/** @param {Desk} desk @param {string} id @param {AbortSignal} signal @param {string} [words] what to say when it is there */
async function showEvent(desk, id, signal, words = undefined) {
  the('#back', HTMLAnchorElement).href = lastEvents;
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
    setText(the('#problem', HTMLElement), problemWords(problem));
    setAttribute(the('#problem', HTMLElement), 'data-code', problem.code);
    showScreen(main, 'error', 'error');
  }
}

/** @param {Desk} desk */
function nothingToShow({ me }) {
  setText(the('#problem', HTMLElement), text('admin.key.nothing', { scopes: me.scopes.join(', ') || text('admin.key.no_scopes') }));
  setAttribute(the('#problem', HTMLElement), 'data-code', 'admin_scope_missing');
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

/** @param {unknown} error @returns {Problem | null} */
function problemOf(error) {
  if (isAbort(error)) return null;
  const problem = asProblem(error);
  if (!REFUSED.has(problem.code)) return problem;
  signOut(problemWords(problem));
  return null;
}
