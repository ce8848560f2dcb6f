// @ts-check
/** Entry of /check-mail: says where the link was sent, and sends another one, but not too often. */

import { register } from '../api.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { savedAddress } from '../session-storage.js';
import { speak, text } from '../language.js';
import { problemText } from '../messages.js';
import { asProblem } from '../problem.js';

/** The pause before another mail can be requested. */
const COOL_DOWN_S = 60;

await speak(document);
const button = requireElement('#resend', HTMLButtonElement);
const address = savedAddress();

if (address !== null) {
  setText(requireElement('#sent', HTMLElement), text('check_mail.sent', { email: address }));
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
  const message = requireElement('#message', HTMLElement);
  setAttribute(message, 'data-code', code);
  setAttribute(message, 'data-kind', kind);
  setText(message, words);
  message.hidden = false;
}
