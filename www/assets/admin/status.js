// @ts-check
/** A status as a word with a symbol: never by colour alone. */

import { el, icon } from './elements.js';
import { wordOf } from './words.js';

/** The symbol of icons.svg beside each. @type {Record<string, string>} */
const ICONS = {
  VERIFIED: 'check',
  approved: 'check',
  FAILED: 'alert',
  declined: 'alert',
  PENDING: 'clock',
  open: 'clock',
};

/** @param {string} code @param {'status' | 'review_state'} [kind] */
export function statusTag(code, kind = 'status') {
  return el('span', { class: 'tag', 'data-status': code }, icon(ICONS[code] ?? 'clock'), wordOf(kind, code));
}
