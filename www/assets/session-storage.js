// @ts-check
/** What one page leaves for the next in this tab: the address just entered, and the token until it is redeemed. */

const ADDRESS = 'blinkgate.address';
const TOKEN = 'blinkgate.token';

/** @param {string} email */
export function saveAddress(email) { save(ADDRESS, email); }

/** @returns {string | null} */
export function savedAddress() { return saved(ADDRESS); }

/** @param {string} token */
export function saveToken(token) { save(TOKEN, token); }

/** @returns {string | null} */
export function savedToken() { return saved(TOKEN); }

export function forgetToken() {
  try {
    sessionStorage.removeItem(TOKEN);
  } catch {
    // Then nothing was stored.
  }
}

/** Storage may be disabled; then the next page simply knows less. @param {string} key @param {string} value */
function save(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

/** @param {string} key */
function saved(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
