// @ts-check
/** Buttons that save a file: one request at a time, with failures shown beside them. */

import { setAttribute, setText } from '../dom.js';
import { save } from './api.js';
import { problemWords, text } from './words.js';

/**
 * Loads a file and lets the browser save it.
 * @param {HTMLElement} button @param {HTMLElement} message shows a failure @param {import('./types.js').Desk} desk
 * @param {() => Promise<import('./api.js').Download>} load
 */
export async function saveBy(button, message, desk, load) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  setAttribute(button, 'aria-disabled', 'true');
  message.hidden = true;
  try {
    const file = await load();
    save(file);
    desk.say(text('admin.saved', { name: file.name }));
  } catch (error) {
    const problem = desk.problemOf(error);
    message.hidden = problem === null;
    setText(message, problem === null ? '' : problemWords(problem));
  } finally {
    setAttribute(button, 'aria-disabled', null);
  }
}
