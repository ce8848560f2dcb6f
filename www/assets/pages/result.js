// @ts-check
/** Entry of /result: shows where the person stands, by what the server says and nothing else. */

import { session } from '../api.js';
import { setAttribute, setText, the } from '../dom.js';
import { localize, plural, text } from '../language.js';
import { problemMessage, reasonMessage } from '../messages.js';
import { asProblem } from '../problem.js';
import { showScreen } from '../screens.js';

/** Problems after which only a new link helps. */
const NEEDS_LINK = new Set(['session_missing', 'session_expired', 'session_replaced']);

localize(document);
const main = the('#main', HTMLElement);
the('#again', HTMLButtonElement).addEventListener('click', show);
show();

async function show() {
  showScreen(main, 'loading', 'loading', { focus: false });
  try {
    showStatus(await session());
  } catch (error) {
    showProblem(asProblem(error));
  }
}

/** @param {import('../types.js').Session} session */
function showStatus({ status, email_masked: email, attempts_left, last_reason, last_message }) {
  if (status === 'VERIFIED') {
    setText(the('#verified-lead', HTMLElement), text('verified.lead', { email }));
    showScreen(main, 'verified', 'verified');
  } else if (status === 'FAILED') {
    const message = reasonMessage(last_reason, last_message);
    setAttribute(the('#reason', HTMLElement), 'data-code', last_reason);
    setText(the('#reason-title', HTMLElement), message.title);
    setText(the('#reason-text', HTMLElement), message.text);
    setText(the('#failed-attempts', HTMLElement), attempts_left > 0 ? plural('failed.attempts', attempts_left) : text('failed.exhausted'));
    the('#retry', HTMLElement).hidden = attempts_left <= 0;
    the('#new-link', HTMLElement).hidden = attempts_left > 0;
    showScreen(main, 'failed', 'failed');
  } else {
    setText(the('#pending-lead', HTMLElement), text('pending.lead', { email }));
    showScreen(main, 'pending', 'pending');
  }
}

/** @param {import('../problem.js').Problem} problem */
function showProblem({ code, detail }) {
  const message = problemMessage(code, detail);
  setText(the('#problem-title', HTMLElement), message.title);
  setText(the('#problem', HTMLElement), message.text);
  setAttribute(the('#problem', HTMLElement), 'data-code', code);
  the('#again', HTMLElement).hidden = NEEDS_LINK.has(code);
  the('#register-link', HTMLElement).hidden = !NEEDS_LINK.has(code);
  showScreen(main, 'error', 'error');
}
