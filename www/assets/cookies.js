// @ts-check
/** Whether the browser keeps this site's cookies, without which nobody gets from the link to the camera. */

import { embedding } from './embedded.js';

const NAME = 'blinkgate-try';

/** Tries a cookie and removes it again. @param {Pick<Document, 'cookie'>} page */
export function keepsCookies(page) {
  try {
    page.cookie = `${NAME}=1; SameSite=Strict`;
    const isKept = page.cookie.split('; ').includes(`${NAME}=1`);
    page.cookie = `${NAME}=1; SameSite=Strict; Max-Age=0`;
    return isKept;
  } catch {
    // Pages in a sandbox may not even ask.
    return false;
  }
}

/**
 * What a problem is really about: a session is also missing if its cookie was not kept.
 * @param {string} code @param {Pick<Document, 'cookie'>} page
 */
export function behind(code, page) {
  return code === 'session_missing' && !embedding.isEmbedded && !keepsCookies(page) ? 'cookies_blocked' : code;
}
