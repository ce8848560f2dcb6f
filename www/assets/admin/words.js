// @ts-check
/** Codes, times and figures as words, from the console's catalogue and the pages'. */

import { textsOf } from '../language.js';
import { ENGLISH } from '../texts.js';
import { TEXTS } from './texts.js';

export const { hasText, text, plural } = textsOf({ ...ENGLISH, ...TEXTS });

/** Every reason that has a text: the choices of the filter. */
export function reasons() {
  const start = 'admin.reason.';
  return Object.keys(TEXTS)
    .filter((key) => key.startsWith(start))
    .map((key) => key.slice(start.length));
}

/**
 * A code's text, or the code itself if a newer server knows more codes than this page.
 * @param {string} kind @param {string} code
 */
export function wordOf(kind, code) {
  return hasText(`admin.${kind}.${code}`) ? text(`admin.${kind}.${code}`) : code;
}

/**
 * A problem's text for operators; without one, the server's sentence.
 * @param {import('../problem.js').Problem} problem
 */
export function problemWords({ code, detail, retryAfterMs }) {
  if (retryAfterMs !== null && hasText(`admin.problem.${code}_in`)) {
    return text(`admin.problem.${code}_in`, { seconds: Math.ceil(retryAfterMs / 1000) });
  }
  if (hasText(`admin.problem.${code}`)) return text(`admin.problem.${code}`);
  return detail ?? text('admin.problem.unexpected');
}

/** A moment to the second, in UTC, as in the logs. @param {string} rfc3339 */
export function moment(rfc3339) {
  const time = new Date(rfc3339);
  return Number.isNaN(time.getTime()) ? rfc3339 : time.toISOString().replace('T', ' ').replace(/\..*/, '');
}

/** Milliseconds as seconds. @param {number} ms @param {number} [digits] */
export function seconds(ms, digits = 2) {
  return (ms / 1000).toFixed(digits);
}

/** A ratio or another figure of the record. @param {number | null | undefined} value @param {number} [digits] */
export function figure(value, digits = 3) {
  return typeof value === 'number' ? value.toFixed(digits) : text('admin.none');
}

/**
 * The ratios of both eyes, left before right; null if they were not read.
 * @param {import('./types.js').Ears | null | undefined} ears
 */
export function bothEyes(ears) {
  return ears ? `${figure(ears.left)} / ${figure(ears.right)}` : null;
}
