// @ts-check
/**
 * Entry of /c, to which a site sends people: says what to do, opens the check if the site vouches for the mailbox, and
 * leads back when it has ended. The token stands behind the #, so it reaches no server's log.
 */

import { clientCheck, openCheck } from '../api.js';
import { keepsCookies } from '../cookies.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { localize, text } from '../language.js';
import { problemMessage, problemText } from '../messages.js';
import { Problem, asProblem } from '../problem.js';
import { showScreen } from '../screens.js';
import { saveClientToken, savedClientToken } from '../session-storage.js';

/** @typedef {import('../types.js').Schemas['ClientCheck']} ClientCheck */

/** How often the page asks whether the check has ended elsewhere. Chosen by us. */
const ASK_EVERY_MS = 3000;

/** States in which the person still has something to do. */
const GOING_ON = new Set(['waiting', 'open', 'checking']);

localize(document);
const main = requireElement('#main', HTMLElement);
const button = requireElement('#start', HTMLButtonElement);
const token = takeToken();
let shown = 'loading';
button.addEventListener('click', () => start(button, 'message', null));
requireElement('#code-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const { value } = requireElement('#code', HTMLInputElement);
  start(requireElement('#code-send', HTMLButtonElement), 'code-message', value);
});
requireElement('#again', HTMLButtonElement).addEventListener('click', look);
look();

/** The token from the address, or the stored one if this page was reloaded. @returns {string | null} */
function takeToken() {
  const given = location.hash.slice(1);
  if (given) saveClientToken(given);
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  return given || savedClientToken();
}

/** Shows where the check stands, again and again while it goes on elsewhere. */
async function look() {
  try {
    if (token === null) throw new Problem('client_token_missing');
    const check = await clientCheck(token);
    show(check);
    const goesOnElsewhere = !check.can_open || check.gate === 'code';
    if (GOING_ON.has(check.status) && goesOnElsewhere) setTimeout(look, ASK_EVERY_MS);
  } catch (error) {
    stop(asProblem(error));
  }
}

/** @param {ClientCheck} check */
function show({ status, gate, site, email_masked, can_open, return_to }) {
  const words = { site, email: email_masked ?? '' };
  if (!GOING_ON.has(status)) {
    if (return_to !== null) location.replace(return_to);
    else screen('ended');
  } else if (can_open && gate === 'code') {
    setText(requireElement('#code-lead', HTMLElement), text('check.code.lead', words));
    screen('code');
  } else if (can_open) {
    setText(requireElement('#open-lead', HTMLElement), text('check.lead', words));
    screen('open');
  } else if (gate !== 'site') {
    setText(requireElement('#mailed-lead', HTMLElement), text('check.mailed', words));
    screen('mailed');
  } else if (email_masked !== null) {
    stop(new Problem('client_token_expired'));
  }
}

/**
 * Opens the check and goes to the camera.
 * @param {HTMLButtonElement} pressed @param {string} place id of the message beside it @param {string | null} code
 */
async function start(pressed, place, code) {
  if (pressed.getAttribute('aria-disabled') === 'true') return;
  busy(pressed, true);
  say(place, null, '');
  try {
    // The session would be lost at once. People can change that and press again.
    if (!keepsCookies(document)) throw new Problem('cookies_blocked');
    await openCheck(token ?? '', code);
    location.replace('/camera');
  } catch (error) {
    busy(pressed, false);
    const { code: problem, detail, retryAfterMs } = asProblem(error);
    say(place, problem, problemText(problem, detail, retryAfterMs));
  }
}

/** @param {string} place @param {string | null} code @param {string} words */
function say(place, code, words) {
  const message = requireElement(`#${place}`, HTMLElement);
  message.hidden = code === null;
  setAttribute(message, 'data-code', code);
  setText(message, words);
}

/** @param {Problem} problem */
function stop({ code, detail }) {
  const message = problemMessage(code, detail);
  setText(requireElement('#problem-title', HTMLElement), message.title);
  setAttribute(requireElement('#problem', HTMLElement), 'data-code', code);
  setText(requireElement('#problem', HTMLElement), message.text);
  screen('error');
}

/** @param {string} view */
function screen(view) {
  if (view === shown) return;
  showScreen(main, view, view, { focus: shown !== 'loading' });
  shown = view;
}

/** @param {HTMLButtonElement} pressed @param {boolean} is */
function busy(pressed, is) {
  setAttribute(pressed, 'aria-disabled', is ? 'true' : null);
  setText(pressed, text(is ? 'verify.redeeming' : 'verify.redeem'));
}
