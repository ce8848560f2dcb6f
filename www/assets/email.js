// @ts-check

/**
 * Whether this has the shape of an address: one `@`, a domain with a dot or `localhost`, nothing blank, at most 254 characters.
 * Looser than the server, which decides; it only saves a round trip for slips.
 * @param {string} value
 */
export function looksLikeEmail(value) {
  return value.length <= 254 && /^[^\s@]{1,64}@(?:[^\s@.]+(?:\.[^\s@.]+)+|localhost)$/u.test(value);
}
