// @ts-check
/** The site's own way for people who cannot or do not want to do the camera check. */

import { setText } from './dom.js';
import { embedding } from './embedded.js';
import { text } from './language.js';

/**
 * Shows the links to it, or hides them.
 * @param {string | null | undefined} address `alternative_url` of the check @param {string} site the site's name
 */
export function offerAlternative(address, site) {
  for (const link of document.querySelectorAll('a[data-alternative]')) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    link.hidden = !address;
    if (!address) continue;
    link.href = address;
    // Not inside a frame: the way leads through the site's page.
    link.target = '_top';
    link.onclick = () => { embedding.tell('alternative'); };
    setText(link, text('another_way.site', { site }));
  }
}
