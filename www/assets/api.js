// @ts-check
/** The server's JSON interface: one function per request, every failure a `Problem` with the server's code. */

import { Problem, aborted } from './problem.js';
import { deadline } from './wait.js';

/** @typedef {import('./types.js').Session} Session */
/** @typedef {import('./types.js').Challenge} Challenge */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').NextCue} NextCue */
/** @typedef {{signal?: AbortSignal, timeoutMs?: number, keepalive?: boolean}} Options */

/** Long enough for a slow network to answer a small request. Chosen by us. */
const TIMEOUT_MS = 15_000;

/** Frames a second of a device that has not been measured yet: as most cameras give. */
const UNKNOWN_RATE = 30;

/** What every state-changing request carries: no other site's page can send it without being asked first. */
export const OWN_PAGE = Object.freeze({ 'X-Blinkgate': '1' });

/** @param {string} email @param {Options} [options] @returns {Promise<{status: string}>} */
export function register(email, options) {
  return post('/register', { email }, options);
}

/** @param {string} token @param {Options} [options] @returns {Promise<{email_masked: string, status: string}>} */
export function redeem(token, options) {
  return post('/verify', { token }, options);
}

/** @param {Options} [options] @returns {Promise<Session>} */
export function session(options) {
  return request('/api/session', { method: 'GET', cache: 'no-store' }, options);
}

/**
 * @param {string} publicKey base64url of 32 bytes @param {number | null} rate frames analysed in a second @param {boolean} toneGuided
 * @param {string} consent what the person was told, see `consent.js` @param {Options} [options] @returns {Promise<Challenge>}
 */
export function challenge(publicKey, rate, toneGuided, consent, options) {
  return post('/api/challenge', { public_key: publicKey, rate: Math.round((rate ?? UNKNOWN_RATE) * 10), tone_guided: toneGuided, consent }, options);
}

/** What comes next in a prompted challenge. @param {string} challengeId @param {object | null} commitment @param {Options} [options] @returns {Promise<NextCue>} */
export function nextCue(challengeId, commitment, options) {
  return post(`/api/cue/${encodeURIComponent(challengeId)}`, { commitment }, options);
}

/** @param {string} challengeId @param {'timeout' | 'prompt_missed' | 'cancelled'} reason @param {Options} [options] @returns {Promise<Answer>} */
export function giveUp(challengeId, reason, options) {
  return post('/api/give-up', { challenge_id: challengeId, reason }, options);
}

/** @param {string} path @param {object} body @param {Options} [options] */
function post(path, body, options) {
  return request(path, { method: 'POST', headers: { ...OWN_PAGE, 'Content-Type': 'application/json' }, body: JSON.stringify(body) }, options);
}

/** One request and its JSON. @param {string} path @param {RequestInit} init @param {Options} [options] @returns {Promise<any>} */
export async function request(path, init, { signal: outer, timeoutMs = TIMEOUT_MS, keepalive = false } = {}) {
  const limit = deadline(outer, timeoutMs);
  try {
    const response = await fetch(path, { ...init, keepalive, credentials: 'same-origin', signal: limit.signal });
    const body = await response.text();
    return read(response.status, (name) => response.headers.get(name), body);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (outer?.aborted) throw aborted();
    throw unreachable(error);
  } finally {
    limit.done();
  }
}

/** The problem of a server that could not be reached. @param {unknown} [cause] */
export function unreachable(cause) {
  return new Problem(globalThis.navigator?.onLine === false ? 'offline' : 'network', { cause });
}

/**
 * The JSON of an answer, or the problem that it tells.
 * @param {number} status @param {(name: string) => string | null} header @param {string} body @returns {any}
 */
export function read(status, header, body) {
  const json = parse(body);
  if (status >= 200 && status < 300 && json !== null) return json;
  const code = typeof json?.code === 'string' ? json.code : status >= 500 ? 'server_error' : 'unexpected';
  const seconds = Number.parseInt(header('Retry-After') ?? '', 10);
  throw new Problem(code, {
    status,
    detail: typeof json?.detail === 'string' ? json.detail : null,
    requestId: typeof json?.request_id === 'string' ? json.request_id : null,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  });
}

/** @param {string} body @returns {any} */
function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
