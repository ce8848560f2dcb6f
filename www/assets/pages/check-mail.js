// @ts-check
/** Entry of /check-mail: says where the link went, and sends another one, not too often. */

import { register } from '../api.js';
import { setAttribute, setText, the } from '../dom.js';
import { keptAddress } from '../kept.js';
import { localize, text } from '../language.js';
import { problemText } from '../messages.js';
import { asProblem } from '../problem.js';

/** The pause before another mail can be asked for. */
const COOL_DOWN_S = 60;

localize(document);
const button = the('#resend', HTMLButtonElement);
const address = keptAddress();

if (address !== null) {
  setText(the('#sent', HTMLElement), text('check_mail.sent', { email: address }));
  button.hidden = false;
  button.addEventListener('click', () => { if (button.getAttribute('aria-disabled') !== 'true') resend(address); });
  coolDown(COOL_DOWN_S);
}

/** @param {string} email */
async function resend(email) {
  setAttribute(button, 'aria-disabled', 'true');
  try {
    await register(email);
    show('resent', 'note', text('check_mail.resent'));
    coolDown(COOL_DOWN_S);
  } catch (error) {
    const { code, detail, retryAfterMs } = asProblem(error);
    show(code, 'problem', problemText(code, detail, retryAfterMs));
    coolDown(Math.ceil((retryAfterMs ?? 0) / 1000));
  }
}

/** @param {number} seconds */
function coolDown(seconds) {
  setAttribute(button, 'aria-disabled', seconds > 0 ? 'true' : null);
  setText(button, seconds > 0 ? text('check_mail.resend_in', { seconds }) : text('check_mail.resend'));
  if (seconds > 0) setTimeout(() => coolDown(seconds - 1), 1000);
}

/** @param {string} code @param {'note' | 'problem'} kind @param {string} words */
function show(code, kind, words) {
  const message = the('#message', HTMLElement);
  setAttribute(message, 'data-code', code);
  setAttribute(message, 'data-kind', kind);
  setText(message, words);
  message.hidden = false;
}
