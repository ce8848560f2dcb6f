// @ts-check
/** Shows one of a page's views, named by `data-view`, focuses its heading and sets the title. */

import { requireElement } from './dom.js';
import { text } from './language.js';

/**
 * @param {HTMLElement} main @param {string} view @param {string} screen for `data-screen`
 * @param {{focus?: boolean}} [options] `focus: false` on the first screen, which the browser reads by itself
 */
export function showScreen(main, view, screen, { focus = true } = {}) {
  main.dataset['screen'] = screen;
  for (const section of main.querySelectorAll('[data-view]')) {
    section.toggleAttribute('hidden', section.getAttribute('data-view') !== view);
  }
  const heading = requireElement(`[data-view="${view}"] h1`, HTMLElement, main);
  document.title = text('document.title', { screen: heading.textContent ?? '' });
  if (!focus) return;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
}
