// @ts-check
/** The message beside a form's button. */

import { requireElement, setAttribute, setText } from './dom.js';

/** Shows what went wrong; hides the message if `code` is null. @param {string | null} code @param {string} words */
export function showFormMessage(code, words) {
  const message = requireElement('#message', HTMLElement);
  message.hidden = code === null;
  setAttribute(message, 'data-code', code);
  setText(message, words);
}
