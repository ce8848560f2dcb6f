// @ts-check
/** Downloads that count bytes as they arrive and check them at the end. A download that stalls fails. */

import { evict } from './sw-client.js';
import { Problem } from './problem.js';

/** @typedef {import('./addresses.js').SentFile} SentFile */
/** @typedef {import('./types.js').Progress} Progress */
/**
 * Called with the bytes that have arrived so far, and whether they travel compressed.
 * @typedef {(loaded: number, packed: boolean) => void} Count
 */

/** Without a byte for this long, the connection is dead. */
const STALL_MS = 30_000;

/**
 * The file's bytes, verified to be those that the server was built with.
 * @param {SentFile} file @param {Count} count
 * @param {{cache?: RequestCache, each?: (bytes: Uint8Array) => void}} [how] `each` gets the bytes as they arrive,
 *   before they are checked
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function download(file, count, { cache = 'default', each = () => undefined } = {}) {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_MS);
  const bytes = new Uint8Array(file.bytes);
  let loaded = 0;
  try {
    const response = await fetch(file.url, { credentials: 'same-origin', signal: stall.signal, cache });
    if (!response.ok || response.body === null) throw refused(response.status);
    const packed = response.headers.has('Content-Encoding');
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), STALL_MS);
      if (loaded + value.length > bytes.length) {
        throw new Problem('model_corrupt', { cause: `${file.url} is too long` });
      }
      bytes.set(value, loaded);
      loaded += value.length;
      each(value);
      count(loaded, packed);
    }
  } catch (cause) {
    throw cause instanceof Problem ? cause : new Problem('network', { cause });
  } finally {
    clearTimeout(timer);
  }
  if (loaded !== bytes.length || (await sha256(bytes)) !== file.sha256) {
    throw new Problem('model_corrupt', { cause: `${file.url} has the wrong hash or length` });
  }
  return bytes;
}

/**
 * Retries once, bypassing every cache, if the file is corrupt: the cached copy may be when the server's is not. A file
 * that is still corrupt is removed from the caches.
 * @template T @param {SentFile} file @param {(cache: RequestCache) => Promise<T>} attempt @returns {Promise<T>}
 */
export async function retryIfCorrupt(file, attempt) {
  /** @param {unknown} error */
  const evictIfCorrupt = async (error) => {
    if (!(error instanceof Problem) || error.code !== 'model_corrupt') throw error;
    await evict(file.url);
  };
  try {
    return await attempt('default');
  } catch (error) {
    await evictIfCorrupt(error);
  }
  return attempt('reload').catch(async (error) => {
    await evictIfCorrupt(error);
    throw error;
  });
}

/**
 * Progress of several files together, in bytes transferred.
 * @param {readonly SentFile[]} files
 * @returns {(index: number, loaded: number, packed: boolean) => Progress}
 */
export function totalProgress(files) {
  const weights = files.map(({ sent }) => sent);
  const shares = files.map(() => 0);
  return (index, loaded, packed) => {
    const file = files[index];
    if (file === undefined) throw new RangeError(`there is no file ${index}`);
    weights[index] = packed ? file.sent : file.bytes;
    shares[index] = loaded / file.bytes;
    const travelled = weights.reduce((all, weight, at) => all + weight * (shares[at] ?? 0), 0);
    return { loaded: Math.round(travelled), total: weights.reduce((all, weight) => all + weight, 0) };
  };
}

/** @param {number} status */
function refused(status) {
  // Addresses name their content, so a missing one means that the page is out of date.
  if (status === 404) return new Problem('engine_version', { status });
  return new Problem(status >= 500 ? 'server_error' : 'engine_failed', { status });
}

/** SHA-256 in hexadecimal digits. @param {Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
