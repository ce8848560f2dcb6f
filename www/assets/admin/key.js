// @ts-check
/**
 * The admin key, kept while this tab is open or until the operator signs out. Never in an address, never in a cookie.
 */

const KEY = 'blinkgate.admin-key';

/**
 * The key without surrounding white space; null for an impossible key: headers allow visible ASCII only.
 * @param {string} entered
 */
export function keyIn(entered) {
  const key = entered.trim();
  return /^[\x21-\x7e]+$/.test(key) ? key : null;
}

/** Storage may be disabled; then a reload asks for the key again. @param {string} key */
export function saveKey(key) {
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // See above.
  }
}

/** @returns {string | null} */
export function savedKey() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function forgetKey() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then nothing was stored.
  }
}
