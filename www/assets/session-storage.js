// @ts-check
/**
 * What one page leaves for the next in this tab: the address just entered, the token until it is redeemed, and from
 * then on the same token to go on elsewhere with, until the person is verified.
 */

const ADDRESS = 'blinkgate.address';
const TOKEN = 'blinkgate.token';
const LINK = 'blinkgate.link';
const CLIENT_TOKEN = 'blinkgate.client-token';

/** @param {string} email */
export function saveAddress(email) { save(ADDRESS, email); }

/** @returns {string | null} */
export function savedAddress() { return saved(ADDRESS); }

/** @param {string} token */
export function saveToken(token) { save(TOKEN, token); }

/** @returns {string | null} */
export function savedToken() { return saved(TOKEN); }

/** The token of the check that a site sent the person here for. @param {string} token */
export function saveClientToken(token) { save(CLIENT_TOKEN, token); }

/** @returns {string | null} */
export function savedClientToken() { return saved(CLIENT_TOKEN); }

export function forgetClientToken() { forget(CLIENT_TOKEN); }

export function forgetToken() { forget(TOKEN); }

/** The token is redeemed, and still leads to the check elsewhere. @param {string} token */
export function saveLink(token) { save(LINK, token); }

/** The token that leads to the check elsewhere. @returns {string | null} */
export function savedLink() { return saved(TOKEN) ?? saved(LINK); }

export function forgetLink() { forget(LINK); }

/** @param {string} key */
function forget(key) {
  try {
    sessionStorage.removeItem(key);
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
