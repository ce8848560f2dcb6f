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
  verified: 'check',
  delivered: 'check',
  failed: 'alert',
  given_up: 'alert',
  revoked: 'alert',
};

/** @param {string} code @param {'status' | 'review_state' | 'check' | 'delivery'} [kind] */
export function statusTag(code, kind = 'status') {
  return el('span', { class: 'tag', 'data-status': code }, icon(ICONS[code] ?? 'clock'), wordOf(kind, code));
}
