// @ts-check

/**
 * Whether this has the shape of an address: one `@`, a domain with a dot or `localhost`, no white space, at most 254
 * characters. More lenient than the server, which decides: this only saves a round trip for typos.
 * @param {string} value
 */
export function looksLikeEmail(value) {
  return value.length <= 254 && /^[^\s@]{1,64}@(?:[^\s@.]+(?:\.[^\s@.]+)+|localhost)$/u.test(value);
}
