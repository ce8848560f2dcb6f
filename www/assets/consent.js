// @ts-check
/**
 * What people are told before they turn the camera on. The signed transcript names its hash; `www/consent/` has the
 * text of each language.
 */

import { base64url } from './base64url.js';
import { text } from './language.js';

/** The texts of the priming screen that say what leaves the device, in order. */
const KEYS = ['priming.video', 'priming.video.text', 'priming.sent', 'priming.sent.text'];

/** The whole text. @param {string} [language] */
export function consentText(language) {
  return KEYS.map((key) => text(key, {}, language)).join('\n');
}

/** Its SHA-256, base64url. @returns {Promise<string>} */
export async function consentHash() {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(consentText()))));
}
