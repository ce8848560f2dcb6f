// @ts-check
/**
 * What people are told before they turn the camera on, in their language. The signed transcript names its hash.
 */

import { base64url } from './base64url.js';
import { text } from './language.js';

/** The texts of the priming screen that say what leaves the device, in order. */
const KEYS = ['priming.video', 'priming.video.text', 'priming.sent', 'priming.sent.text'];

/** The whole text. @param {(key: string) => string} [say] */
export function consentText(say = text) {
  return KEYS.map((key) => say(key)).join('\n');
}

/** Its SHA-256, base64url. @returns {Promise<string>} */
export async function consentHash() {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(consentText()))));
}
