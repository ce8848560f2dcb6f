// @ts-check
/** Entry of /: takes an address, requests a link for it, then opens /check-mail. */

import { register } from '../api.js';
import { requireElement, setAttribute, setText } from '../dom.js';
import { looksLikeEmail } from '../email.js';
import { showFormMessage } from '../form-message.js';
import { speak, text } from '../language.js';
import { problemText } from '../messages.js';
import { asProblem } from '../problem.js';
import { forgetClientToken, saveAddress } from '../session-storage.js';

await speak(document);
const form = requireElement('#register', HTMLFormElement);
const input = requireElement('#email', HTMLInputElement);
const button = requireElement('#submit', HTMLButtonElement);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (button.getAttribute('aria-disabled') === 'true') return;
  const email = input.value.trim();
  const wrong = email === '' ? 'email_missing' : looksLikeEmail(email) ? null : 'email_invalid';
  if (wrong !== null) return refuse(wrong, problemText(wrong));
  send(email);
});

input.addEventListener('input', () => setAttribute(input, 'aria-invalid', null));

/** @param {string} email */
async function send(email) {
  showFormMessage(null, '');
  busy(true);
  try {
    await register(email);
    saveAddress(email);
    // This is not about a site's check any more.
    forgetClientToken();
    location.assign('/check-mail');
  } catch (error) {
    busy(false);
    const { code, detail, retryAfterMs } = asProblem(error);
    const words = problemText(code, detail, retryAfterMs);
    if (code === 'email_invalid') refuse(code, words);
    else showFormMessage(code, words);
  }
}

/** @param {string} code @param {string} words */
function refuse(code, words) {
  showFormMessage(code, words);
  setAttribute(input, 'aria-invalid', 'true');
  input.focus();
}

/** @param {boolean} is */
function busy(is) {
  setAttribute(button, 'aria-disabled', is ? 'true' : null);
  setText(button, text(is ? 'register.sending' : 'register.submit'));
}
