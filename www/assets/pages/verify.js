// @ts-check
/**
 * Entry of /verify: takes the token out of the address bar at once, and redeems it only on a real press: mail scanners open links.
 */

import { redeem, session } from '../api.js';
import { setAttribute, setText, the } from '../dom.js';
import { showFormMessage } from '../form-message.js';
import { forgetToken, keepToken, keptToken } from '../kept.js';
import { localize, text } from '../language.js';
import { problemMessage, problemText } from '../messages.js';
import { asProblem } from '../problem.js';

/** Problems that no second press will mend. */
const FINAL = new Set(['token_missing', 'token_unknown', 'token_expired', 'token_used']);

localize(document);
const button = the('#redeem', HTMLButtonElement);
const token = takeToken();
if (token === null) continueOrStop();
else button.addEventListener('click', () => { if (button.getAttribute('aria-disabled') !== 'true') use(token); });

/** The token from the link, or from before this page was loaded again. @returns {string | null} */
function takeToken() {
  const given = new URLSearchParams(location.search).get('token');
  if (given) keepToken(given);
  if (location.search !== '') history.replaceState(null, '', location.pathname);
  return given || keptToken();
}

/** @param {string} token */
async function use(token) {
  busy(true);
  showFormMessage(null, '');
  try {
    const { status } = await redeem(token);
    forgetToken();
    location.replace(status === 'VERIFIED' ? '/result' : '/camera');
  } catch (error) {
    busy(false);
    const { code, detail, retryAfterMs } = asProblem(error);
    if (FINAL.has(code)) stop(code);
    else showFormMessage(code, problemText(code, detail, retryAfterMs));
  }
}

/** Without a token: who is in the middle of the check goes back to it, everybody else needs a link. */
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
  setText(the('#stopped-title', HTMLElement), message.title);
  the('#open', HTMLElement).hidden = true;
  the('#stopped', HTMLElement).hidden = false;
  setAttribute(the('#problem', HTMLElement), 'data-code', code);
  setText(the('#problem', HTMLElement), message.text);
  the('#stopped-title', HTMLElement).focus();
}

/** @param {boolean} is */
function busy(is) {
  setAttribute(button, 'aria-disabled', is ? 'true' : null);
  setText(button, text(is ? 'verify.redeeming' : 'verify.redeem'));
}
