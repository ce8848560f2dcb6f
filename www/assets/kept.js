// @ts-check
/** What a page leaves for the next one in this tab: the address just entered, and the token until it is redeemed. */

const ADDRESS = 'blinkgate.address';
const TOKEN = 'blinkgate.token';

/** @param {string} email */
export function keepAddress(email) { keep(ADDRESS, email); }

/** @returns {string | null} */
export function keptAddress() { return kept(ADDRESS); }

/** @param {string} token */
export function keepToken(token) { keep(TOKEN, token); }

/** @returns {string | null} */
export function keptToken() { return kept(TOKEN); }

export function forgetToken() {
  try {
    sessionStorage.removeItem(TOKEN);
  } catch {
    // Nothing was kept then.
  }
}

/** Storage may be switched off; then the next page simply knows less. @param {string} key @param {string} value */
function keep(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

/** @param {string} key */
function kept(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
