// @ts-check
/** Files whose bytes are counted as they come and checked once they are all there; a download that stands still fails. */

import { forget } from './keeper.js';
import { Problem } from './problem.js';

/** @typedef {import('./addresses.js').SentFile} SentFile */
/** @typedef {import('./types.js').Progress} Progress */
/** Told how much of the file has come: its bytes so far, and whether they travel compressed. @typedef {(loaded: number, packed: boolean) => void} Count */

/** No byte for this long: the connection is dead. */
const STALL_MS = 30_000;

/**
 * The file's bytes, which are those that the server was built with.
 * @param {SentFile} file @param {Count} count
 * @param {{cache?: RequestCache, each?: (bytes: Uint8Array) => void}} [how] `each` gets the bytes as they come, before they are checked
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
      if (loaded + value.length > bytes.length) throw new Problem('model_corrupt', { cause: `${file.url} is too long` });
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
  if (loaded !== bytes.length || await sum(bytes) !== file.sha256) throw new Problem('model_corrupt', { cause: `${file.url} is not what it should be` });
  return bytes;
}

/**
 * Tries once more past every cache if what came is damaged: a kept file may be, where the sent one is not. What stays
 * damaged is not kept.
 * @template T @param {SentFile} file @param {(cache: RequestCache) => Promise<T>} attempt @returns {Promise<T>}
 */
export async function untilSound(file, attempt) {
  /** @param {unknown} error */
  const forgetDamaged = async (error) => {
    if (!(error instanceof Problem) || error.code !== 'model_corrupt') throw error;
    await forget(file.url);
  };
  try {
    return await attempt('default');
  } catch (error) {
    await forgetDamaged(error);
  }
  return attempt('reload').catch(async (error) => {
    await forgetDamaged(error);
    throw error;
  });
}

/**
 * How far several files have come together, in bytes that travel.
 * @param {readonly SentFile[]} files
 * @returns {(index: number, loaded: number, packed: boolean) => Progress}
 */
export function tally(files) {
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
  // Addresses name their content: one that is gone belongs to pages that are out of date.
  if (status === 404) return new Problem('engine_version', { status });
  return new Problem(status >= 500 ? 'server_error' : 'engine_failed', { status });
}

/** @param {Uint8Array<ArrayBuffer>} bytes SHA-256 in hexadecimal digits */
async function sum(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
