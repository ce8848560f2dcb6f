// @ts-check
/** Entry of /result: shows the person's status, exactly as the server reports it. */

import { offerAlternative } from '../alternative.js';
import { session } from '../api.js';
import { behind } from '../cookies.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { plural, speak, text } from '../language.js';
import { problemMessage, reasonMessage } from '../messages.js';
import { asProblem } from '../problem.js';
import { showScreen } from '../screens.js';

/** Problems after which only a new link helps. */
const NEEDS_LINK = new Set(['session_missing', 'session_expired', 'session_replaced', 'cookies_blocked']);

/** States of a check in which the person still has something to do. */
const GOING_ON = new Set(['waiting', 'open', 'checking']);

await speak(document);
const main = requireElement('#main', HTMLElement);
requireElement('#again', HTMLButtonElement).addEventListener('click', show);
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
function showStatus({
  status, email_masked: email, attempts_left, cool_down_s, last_reason, last_message, handed_over, check,
}) {
  // The site waits on the screen where they began.
  if (!handed_over) offerWayBack(check);
  requireElement('#began', HTMLElement).hidden = !handed_over;
  offerAlternative(check?.alternative_url, check?.site ?? '');
  if (status === 'VERIFIED') {
    setText(requireElement('#verified-lead', HTMLElement), text('verified.lead', { email }));
    showScreen(main, 'verified', 'verified');
  } else if (status === 'FAILED') {
    const message = reasonMessage(last_reason, last_message);
    setAttribute(requireElement('#reason', HTMLElement), 'data-code', last_reason);
    setText(requireElement('#reason-title', HTMLElement), message.title);
    setText(requireElement('#reason-text', HTMLElement), message.text);
    setText(
      requireElement('#failed-attempts', HTMLElement),
      attempts_left > 0 ? plural('failed.attempts', attempts_left) : noneLeft(cool_down_s),
    );
    requireElement('#retry', HTMLElement).hidden = attempts_left <= 0;
    requireElement('#new-link', HTMLElement).hidden = attempts_left > 0 || cool_down_s > 0;
    showScreen(main, 'failed', 'failed');
  } else {
    setText(requireElement('#pending-lead', HTMLElement), text('pending.lead', { email }));
    showScreen(main, 'pending', 'pending');
  }
}

/**
 * Leads back to the site that asked, by itself once nothing is left to do.
 * @param {import('../types.js').Session['check']} check
 */
function offerWayBack(check) {
  if (check === null || check.return_to === null) return;
  if (!GOING_ON.has(check.status)) {
    location.replace(check.return_to);
    return;
  }
  const link = requireElement('#back', HTMLAnchorElement);
  link.href = check.return_to;
  setText(link, text('check.back', { site: check.site }));
  link.hidden = false;
}

/** What to do without attempts. @param {number} coolDownS how long the mailbox must wait */
function noneLeft(coolDownS) {
  return coolDownS > 0 ? plural('failed.wait', Math.ceil(coolDownS / 60)) : text('failed.exhausted');
}

/** @param {import('../problem.js').Problem} problem */
function showProblem({ code: said, detail }) {
  const code = behind(said, document);
  const message = problemMessage(code, detail);
  setText(requireElement('#problem-title', HTMLElement), message.title);
  setText(requireElement('#problem', HTMLElement), message.text);
  setAttribute(requireElement('#problem', HTMLElement), 'data-code', code);
  requireElement('#again', HTMLElement).hidden = NEEDS_LINK.has(code);
  requireElement('#register-link', HTMLElement).hidden = !NEEDS_LINK.has(code);
  showScreen(main, 'error', 'error');
}
