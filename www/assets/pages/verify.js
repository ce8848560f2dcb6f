// @ts-check
/**
 * Entry of /verify: takes the token out of the address bar at once, and redeems it only when the button is pressed,
 * since mail scanners open links.
 */

import { redeem, session } from '../api.js';
import { keepsCookies } from '../cookies.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { offerElsewhere, prepareElsewhere } from '../elsewhere.js';
import { showFormMessage } from '../form-message.js';
import { forgetToken, saveLink, saveToken, savedToken } from '../session-storage.js';
import { speak, text } from '../language.js';
import { problemMessage, problemText } from '../messages.js';
import { Problem, asProblem } from '../problem.js';
import { missing } from '../support.js';

/** Problems that pressing again will not solve. */
const FINAL = new Set(['token_missing', 'token_unknown', 'token_expired', 'token_used']);

await speak(document);
prepareElsewhere();
const button = requireElement('#redeem', HTMLButtonElement);
const token = takeToken();
if (token === null) {
  continueOrStop();
} else {
  // People can still change a setting, or look at their result.
  const lacking = missing(globalThis);
  if (lacking !== null) show(lacking, problemText(lacking));
  button.addEventListener('click', () => { if (button.getAttribute('aria-disabled') !== 'true') use(token); });
}

/** The token from the link, or the stored one if this page was reloaded. @returns {string | null} */
function takeToken() {
  const given = new URLSearchParams(location.search).get('token');
  if (given) saveToken(given);
  if (location.search !== '') history.replaceState(null, '', location.pathname);
  return given || savedToken();
}

/** @param {string} token */
async function use(token) {
  busy(true);
  show(null, '');
  try {
    // The session would be lost at once. People can change that and press again.
    if (!keepsCookies(document)) throw new Problem('cookies_blocked');
    const { status } = await redeem(token);
    forgetToken();
    if (status !== 'VERIFIED') saveLink(token);
    location.replace(status === 'VERIFIED' ? '/result' : '/camera');
  } catch (error) {
    busy(false);
    const { code, detail, retryAfterMs } = asProblem(error);
    if (FINAL.has(code)) stop(code);
    else show(code, problemText(code, detail, retryAfterMs));
  }
}

/**
 * Shows what is wrong, and the way out of it; hides both if `code` is null.
 * @param {string | null} code @param {string} words
 */
function show(code, words) {
  showFormMessage(code, words);
  offerElsewhere(code, token);
}

/** Without a token: goes back to a check in progress, otherwise asks for a link. */
async function continueOrStop() {
  try {
    await session();
    location.replace('/camera');
  } catch {
    stop('token_missing');
  }
}

/** @param {string} code */
function stop(code) {
  forgetToken();
  const message = problemMessage(code);
  setText(requireElement('#stopped-title', HTMLElement), message.title);
  requireElement('#open', HTMLElement).hidden = true;
  requireElement('#stopped', HTMLElement).hidden = false;
  setAttribute(requireElement('#problem', HTMLElement), 'data-code', code);
  setText(requireElement('#problem', HTMLElement), message.text);
  requireElement('#stopped-title', HTMLElement).focus();
}

/** @param {boolean} is */
function busy(is) {
  setAttribute(button, 'aria-disabled', is ? 'true' : null);
  setText(button, text(is ? 'verify.redeeming' : 'verify.redeem'));
}
