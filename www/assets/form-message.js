// @ts-check
/** The message beside a form's button. */

import { setAttribute, setText, the } from './dom.js';

/** Shows what went wrong, or nothing for a `code` of null. @param {string | null} code @param {string} words */
export function showFormMessage(code, words) {
  const message = the('#message', HTMLElement);
  message.hidden = code === null;
  setAttribute(message, 'data-code', code);
  setText(message, words);
}
