// @ts-check
/**
 * Entry of /c, to which a site sends people: says what to do, opens the check if the site vouches for the mailbox, and
 * leads back when it has ended. The token stands behind the #, so it reaches no server's log. In a frame of the site it
 * comes in a message, and the site's page is told instead of led back to.
 */

import { checkResult, clientCheck, openCheck } from '../api.js';
import { keepsCookies } from '../cookies.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { embedding, fitIntoFrame } from '../embedded.js';
import { speak, text } from '../language.js';
import { problemMessage, problemText } from '../messages.js';
import { Problem, asProblem } from '../problem.js';
import { offerAlternative } from '../alternative.js';
import { showScreen } from '../screens.js';
import { saveClientToken, savedClientToken } from '../session-storage.js';

/** @typedef {import('../types.js').Schemas['ClientCheck']} ClientCheck */

/** How often the page asks whether the check has ended elsewhere. Chosen by us. */
const ASK_EVERY_MS = 3000;

/** States in which the person still has something to do. */
const GOING_ON = new Set(['waiting', 'open', 'checking']);

/** Titles and texts for how a check can end. @type {Partial<Record<ClientCheck['status'], [string, string]>>} */
const ENDED = {
  verified: ['check.ended.verified', 'check.ended.verified.text'],
  review: ['check.ended.review', 'check.ended.review.text'],
};

await speak(document);
fitIntoFrame(document);
const main = requireElement('#main', HTMLElement);
const button = requireElement('#start', HTMLButtonElement);
let shown = 'loading';
button.addEventListener('click', () => start(button, 'message', null));
requireElement('#code-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const { value } = requireElement('#code', HTMLInputElement);
  start(requireElement('#code-send', HTMLButtonElement), 'code-message', value);
});
requireElement('#again', HTMLButtonElement).addEventListener('click', look);
look();

/**
 * The token from the page around this one, or from the address, or the stored one if this page was reloaded.
 * @returns {Promise<string>}
 */
async function takeToken() {
  if (embedding.isEmbedded) return embedding.clientToken();
  const given = location.hash.slice(1);
  if (given) saveClientToken(given);
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
  const token = given || savedClientToken();
  if (token === null) throw new Problem('client_token_missing');
  return token;
}

/** Shows where the check stands, again and again while it goes on elsewhere. */
async function look() {
  try {
    const token = await takeToken();
    const check = await clientCheck(token);
    // Whoever may frame this page shall not get another site's check into it.
    if (embedding.isEmbedded && check.site_id !== embedding.site) throw new Problem('client_token_unknown');
    show(check);
    await tellAbout(check, token);
    const goesOnElsewhere = !check.can_open || check.gate === 'code';
    if (GOING_ON.has(check.status) && goesOnElsewhere) setTimeout(look, ASK_EVERY_MS);
  } catch (error) {
    stop(asProblem(error));
  }
}

/**
 * Tells the site's page around this one. What it is told is a hint; its backend asks.
 * @param {ClientCheck} check @param {string} token
 */
async function tellAbout({ id, status }, token) {
  if (!embedding.isEmbedded) return;
  if (GOING_ON.has(status)) await embedding.tell('state', { check: id, status });
  else if (status === 'verified') await embedding.tell('verified', { check: id, token: await checkResult(token) });
  else await embedding.tell(status, { check: id });
}

/** @param {ClientCheck} check */
function show({ status, gate, site, email_masked, can_open, return_to, alternative_url }) {
  const words = { site, email: email_masked ?? '' };
  offerAlternative(GOING_ON.has(status) ? alternative_url : null, site);
  if (!GOING_ON.has(status)) {
    if (return_to !== null && !embedding.isEmbedded) location.replace(return_to);
    else ended(status, site);
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

/** @param {ClientCheck['status']} status @param {string} site */
function ended(status, site) {
  const [title, words] = ENDED[status] ?? ['check.ended', 'check.ended.text'];
  setText(requireElement('#ended-title', HTMLElement), text(title));
  setText(requireElement('#ended-text', HTMLElement), text(words, { site }));
  screen('ended');
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
    if (!embedding.isEmbedded && !keepsCookies(document)) throw new Problem('cookies_blocked');
    const { session } = await openCheck(await takeToken(), code);
    embedding.go('/camera', session);
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
  embedding.tell('error', { code, recoverable: true });
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
