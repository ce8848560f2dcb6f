// @ts-check
/** Texts for codes: the catalogue's own if it has one, else the server's. */

import { hasText, text } from './language.js';

/** The one text for all reasons that would help a forger. */
const UNACCEPTED = 'reason.unaccepted';

/** @typedef {{title: string, text: string}} Message */

/**
 * @param {string} code @param {string | null} [detail] the server's sentence, for a code we do not know
 * @returns {Message}
 */
export function problemMessage(code, detail = null) {
  const key = hasText(`problem.${code}.title`) ? `problem.${code}` : 'problem.unexpected';
  return { title: text(`${key}.title`), text: key.endsWith('unexpected') && detail ? detail : text(`${key}.text`) };
}

/**
 * The sentence for a message line; says how long to wait if the server did.
 * @param {string} code @param {string | null} [detail] @param {number | null} [retryAfterMs]
 */
export function problemText(code, detail = null, retryAfterMs = null) {
  if (retryAfterMs !== null && retryAfterMs > 0 && hasText(`problem.${code}_in.text`)) {
    return text(`problem.${code}_in.text`, { seconds: Math.ceil(retryAfterMs / 1000) });
  }
  return problemMessage(code, detail).text;
}

/**
 * @param {string | null} code null if the reason belongs to an earlier session @param {string | null} [detail]
 * @returns {Message}
 */
export function reasonMessage(code, detail = null) {
  if (code === null) return reasonMessage('earlier');
  if (hasText(`reason.${code}.title`)) {
    return { title: text(`reason.${code}.title`), text: text(`reason.${code}.text`) };
  }
  if (hasText(`problem.${code}.title`)) return problemMessage(code, detail);
  return { title: text(`${UNACCEPTED}.title`), text: text(`${UNACCEPTED}.text`) };
}

/** @param {import('./hints.js').Hint} hint */
export function hintText({ code, direction }) {
  return text([`hint.${code}.${direction}`, `hint.${code}`].find(hasText) ?? `hint.${code}`);
}

/** The hint as screen readers speak it. @param {import('./hints.js').Hint} hint */
export function spokenHint(hint) {
  const { code, direction } = hint;
  const spoken = [`spoken.${code}.${direction}`, `spoken.${code}`].find(hasText);
  return spoken === undefined ? hintText(hint) : text(spoken);
}

/**
 * How to allow the camera on the kind of device that `userAgent` names.
 * @param {string} userAgent @param {number} touchPoints
 */
export function cameraRecipe(userAgent, touchPoints) {
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPoints > 1)) return text('recipe.ios');
  return text(/Android/.test(userAgent) ? 'recipe.android' : 'recipe.desktop');
}
