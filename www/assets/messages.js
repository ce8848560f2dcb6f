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

/** What a browser says about itself. @typedef {{userAgent: string, maxTouchPoints: number}} Browser */

/**
 * Which setting helps against a problem on this kind of device, or `null` if none does.
 * @param {string} code @param {Browser} browser @returns {string | null}
 */
export function recipe(code, browser) {
  switch (code) {
    case 'camera_denied':
    case 'camera_unanswered': return cameraRecipe(browser);
    case 'pixels_falsified': return pixelRecipe(browser);
    case 'wasm_disabled': return wasmRecipe(browser);
    default: return null;
  }
}

/** @param {Browser} browser */
function cameraRecipe(browser) {
  if (isApple(browser)) return text('recipe.ios');
  return text(/Android/.test(browser.userAgent) ? 'recipe.android' : 'recipe.desktop');
}

/** @param {Browser} browser */
function pixelRecipe(browser) {
  // Brave names itself Chrome, but has this property.
  if ('brave' in browser) return text('recipe.pixels.brave');
  return text(/Firefox/.test(browser.userAgent) ? 'recipe.pixels.firefox' : 'recipe.pixels.other');
}

/** @param {Browser} browser */
function wasmRecipe(browser) {
  // Macs have Lockdown Mode, too; of the browsers there only Safari lacks these two names.
  const isSafari = /Macintosh/.test(browser.userAgent) && !/Chrome|Firefox/.test(browser.userAgent);
  if (isApple(browser) || isSafari) return text('recipe.wasm.apple');
  return text(/Firefox/.test(browser.userAgent) ? 'recipe.wasm.firefox' : 'recipe.wasm.other');
}

/** iPads name themselves Macs, which have no touch screens. @param {Browser} browser */
function isApple({ userAgent, maxTouchPoints }) {
  return /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
}
