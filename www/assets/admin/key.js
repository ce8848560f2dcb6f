// @ts-check
/** The admin key, for as long as this tab is open or until somebody signs out. It stands in no address and in no cookie. */

const KEY = 'blinkgate.admin-key';

/** The key without what a copy brings along at its ends; null for what can be none: headers take visible ASCII only. @param {string} entered */
export function keyIn(entered) {
  const key = entered.trim();
  return /^[\x21-\x7e]+$/.test(key) ? key : null;
}

/** Storage may be switched off; then a reload asks for the key again. @param {string} key */
export function keepKey(key) {
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // See above.
  }
}

/** @returns {string | null} */
export function keptKey() {
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
    // Nothing was kept then.
  }
}
