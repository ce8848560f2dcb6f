// @ts-check
/** Where the engine's files lie and what they weigh. Filled in when the server is built, by `server/site`. */

/** A file that is sent.
 * @typedef {object} SentFile
 * @property {string} url other content would have another one
 * @property {number} bytes
 * @property {number} sent bytes that travel where the browser takes the compressed form
 * @property {string} sha256 in hexadecimal digits
 */

/** By their names in the sources. @type {Readonly<Record<string, SentFile>>} */
export const ADDRESSES = /* build: addresses */ {};
