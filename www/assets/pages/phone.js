// @ts-check
/**
 * Entry of /p, which a phone opens to take a check over: says whose check it is, and asks for the number on the first
 * screen. The token stands behind the #, so it reaches no server's log; it is exchanged once.
 */

import { keepsCookies } from '../cookies.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { answerHandoff, openHandoff } from '../handoff-api.js';
import { speak, text } from '../language.js';
import { problemMessage } from '../messages.js';
import { Problem, asProblem } from '../problem.js';
import { showScreen } from '../screens.js';
import { missing } from '../support.js';

/** @typedef {import('../types.js').Schemas['HandoffOpened']} Opened */

/** What was opened, in case the page is loaded again, for another language for instance. */
const OPENED = 'blinkgate.handoff';
/** Ends the link that a code contains. */
const BY_CODE = '.qr';

await speak(document);
const main = requireElement('#main', HTMLElement);
requireElement('#not-me', HTMLButtonElement).addEventListener('click', () => choose(null));
requireElement('#again', HTMLButtonElement).addEventListener('click', begin);
/** The token of the link, until it is exchanged. */
let token = takeToken();
/** @type {Opened | null} */
let opened = token === null ? saved() : null;
begin();

function takeToken() {
  const given = location.hash.slice(1);
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  return given === '' ? null : given;
}

async function begin() {
  showScreen(main, 'loading', 'loading', { focus: false });
  try {
    if (opened === null) opened = await exchange();
    show(opened);
  } catch (error) {
    stop(asProblem(error));
  }
}

/** @returns {Promise<Opened>} */
async function exchange() {
  if (token === null) throw new Problem('handoff_unknown');
  // Said before the token is used, so that people can open the link in another browser.
  const lacking = keepsCookies(document) ? missing(globalThis) : 'cookies_blocked';
  if (lacking !== null) throw new Problem(lacking);
  const isCode = token.endsWith(BY_CODE);
  const found = await openHandoff(isCode ? token.slice(0, -BY_CODE.length) : token, isCode ? 'qr' : 'link');
  token = null;
  save(found);
  return found;
}

/** @param {Opened} found */
function show({ site, email_masked: email, browser, system, opened_s_ago: ago, numbers }) {
  setText(requireElement('#phone-lead', HTMLElement), text('phone.lead', { site, email }));
  setText(requireElement('#phone-screen', HTMLElement), screenText(browser, system));
  const at = new Date(Date.now() - ago * 1000);
  const words = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: 'short' }).format(at);
  setText(requireElement('#phone-time', HTMLElement), words);
  requireElement('#numbers', HTMLElement).replaceChildren(...numbers.map(numberButton));
  showScreen(main, 'choose', 'choose');
}

/** @param {string | null} browser @param {string | null} system */
function screenText(browser, system) {
  if (browser !== null && system !== null) return text('phone.screen.both', { browser, system });
  return browser ?? system ?? text('phone.screen.unknown');
}

/** @param {string} number */
function numberButton(number) {
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'button', textContent: number });
  button.addEventListener('click', () => choose(Number(number)));
  return button;
}

/** @param {number | null} number */
async function choose(number) {
  if (opened === null || main.getAttribute('aria-busy') === 'true') return;
  main.setAttribute('aria-busy', 'true');
  const { ticket } = opened;
  try {
    const { outcome } = await answerHandoff(ticket, number);
    forget();
    if (outcome === 'handed_over') location.replace('/camera');
    else showScreen(main, 'declined', 'declined');
  } catch (error) {
    const problem = asProblem(error);
    // Whatever ended the offer, there is nothing left to choose.
    if (problem.code.startsWith('handoff_')) forget();
    stop(problem);
  } finally {
    setAttribute(main, 'aria-busy', null);
  }
}

/** @param {Problem} problem */
function stop({ code, detail }) {
  const message = problemMessage(code, detail);
  setText(requireElement('#problem-title', HTMLElement), message.title);
  setAttribute(requireElement('#problem', HTMLElement), 'data-code', code);
  setText(requireElement('#problem', HTMLElement), message.text);
  requireElement('#again', HTMLElement).hidden = token === null && opened === null;
  showScreen(main, 'error', 'error');
}

/** @param {Opened} found */
function save(found) {
  try {
    sessionStorage.setItem(OPENED, JSON.stringify(found));
  } catch {
    // Then a reload needs a new code.
  }
}

/** @returns {Opened | null} */
function saved() {
  try {
    return JSON.parse(sessionStorage.getItem(OPENED) ?? 'null');
  } catch {
    return null;
  }
}

function forget() {
  opened = null;
  try {
    sessionStorage.removeItem(OPENED);
  } catch {
    // Then nothing was stored.
  }
}
