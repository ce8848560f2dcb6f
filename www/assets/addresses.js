// @ts-check
/** Addresses and sizes of the engine's files. `server/site` fills them in when the server is built. */

/** A file as it is served.
 * @typedef {object} SentFile
 * @property {string} url names the content: other content has another one
 * @property {number} bytes
 * @property {number} sent bytes transferred when the browser accepts the compressed form
 * @property {string} sha256 in hexadecimal digits
 */

/** By name in the sources. @type {Readonly<Record<string, SentFile>>} */
export const ADDRESSES = /* build: addresses */ {};
