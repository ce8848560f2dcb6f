// @ts-check
/** Files with their bytes counted as they come; a download that stands still fails. */

import { Problem } from './problem.js';

/** No byte for this long: the connection is dead. */
const STALL_MS = 30_000;

/** The file's answer, whose body reports its bytes to `count`. @param {string} url @param {(bytes: number) => void} count @returns {Promise<Response>} */
export async function fetchCounted(url, count) {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_MS);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin', signal: stall.signal });
  } catch (cause) {
    clearTimeout(timer);
    throw new Problem('network', { cause });
  }
  if (!response.ok || response.body === null) {
    clearTimeout(timer);
    throw new Problem(response.status >= 500 ? 'server_error' : 'engine_failed', { status: response.status });
  }
  const reader = response.body.getReader();
  const body = new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return controller.close();
      timer = setTimeout(() => stall.abort(), STALL_MS);
      count(value.byteLength);
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { headers: { 'Content-Type': response.headers.get('Content-Type') ?? '' } });
}

/** The file's bytes. @param {string} url @param {(bytes: number) => void} count @returns {Promise<Uint8Array>} */
export async function fetchBytes(url, count) {
  const response = await fetchCounted(url, count);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new Problem('network', { cause });
  }
}

/**
 * What these files weigh together: on the network, and as they are counted here. `null` where the server does not say;
 * a file that comes compressed does not say how much it will be.
 * @param {readonly string[]} urls @returns {Promise<{network: number | null, counted: number | null}>}
 */
export async function downloadSize(urls) {
  const sizes = await Promise.all(urls.map((url) => sizeOf(url)));
  return { network: sum(sizes.map(({ bytes }) => bytes)), counted: sum(sizes.map(({ bytes, encoded }) => (encoded ? null : bytes))) };
}

/** @param {string} url @returns {Promise<{bytes: number | null, encoded: boolean}>} */
async function sizeOf(url) {
  try {
    const { ok, headers } = await fetch(url, { method: 'HEAD', credentials: 'same-origin' });
    const length = Number(headers.get('Content-Length') ?? Number.NaN);
    return { bytes: ok && Number.isFinite(length) && length > 0 ? length : null, encoded: headers.has('Content-Encoding') };
  } catch {
    return { bytes: null, encoded: false };
  }
}

/** @param {(number | null)[]} sizes @returns {number | null} */
function sum(sizes) {
  return sizes.reduce((all, size) => (all === null || size === null ? null : all + size), 0);
}
