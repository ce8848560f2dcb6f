// @ts-check
/** The server's JSON interface: one function per request, every failure a `Problem` with the server's code. */

import { embedding } from './embedded.js';
import { Problem, aborted } from './problem.js';
import { deadline } from './wait.js';

/** @typedef {import('./types.js').Session} Session */
/** @typedef {import('./types.js').Challenge} Challenge */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').NextCue} NextCue */
/** @typedef {import('./types.js').Commitment} Commitment */
/** @typedef {import('./types.js').Schemas} Schemas */
/** @typedef {{signal?: AbortSignal, timeoutMs?: number, keepalive?: boolean, language?: string}} Options */
/** What the person chose: tones as guidance, and more blinks instead of a head turn.
 * @typedef {{toneGuided: boolean, noTurn: boolean, moreTime: 1 | 2 | 10}} Wishes */

/** Long enough for a slow network to answer a small request. Chosen by us. */
const TIMEOUT_MS = 15_000;

/** Frames per second assumed before the device has been measured: what most cameras deliver. */
const UNKNOWN_RATE = 30;

/** The header of every state-changing request: a page of another site cannot send it without a CORS preflight. */
export const OWN_PAGE = Object.freeze({ 'X-Blinkgate': '1' });

/** @param {string} email @param {Options} [options] @returns {Promise<Schemas['Sent']>} */
export function register(email, options) {
  /** @type {Schemas['Registration']} */
  const body = { email };
  // The mail speaks as the page does.
  return post('/register', body, { ...options, language: document.documentElement.lang });
}

/** @param {string} token @param {Options} [options] @returns {Promise<Schemas['Redeemed']>} */
export function redeem(token, options) {
  /** @type {Schemas['Redemption']} */
  const body = { token };
  return post('/verify', body, options);
}

/**
 * The check of the person who was sent here by a site.
 * @param {string} token @param {Options} [options] @returns {Promise<Schemas['ClientCheck']>}
 */
export function clientCheck(token, options) {
  return request('/api/check', { method: 'GET', cache: 'no-store', headers: bearer(token) }, options);
}

/**
 * What the check found, signed, for the site.
 * @param {string} token @param {Options} [options] @returns {Promise<string>}
 */
export async function checkResult(token, options) {
  const init = /** @type {const} */ ({ method: 'GET', cache: 'no-store' });
  const answer = await request('/api/check/result', { ...init, headers: bearer(token) }, options);
  return answer.token;
}

/**
 * @param {string} token @param {string | null} code that was mailed, if the check asks for one
 * @param {Options} [options]
 * @returns {Promise<Schemas['ClientCheckOpened']>}
 */
export function openCheck(token, code, options) {
  /** @type {Schemas['ClientCheckOpening']} */
  const body = { code, keep: embedding.isEmbedded ? 'memory' : 'cookie' };
  const headers = { ...OWN_PAGE, ...bearer(token), 'Content-Type': 'application/json' };
  return request('/api/check/open', { method: 'POST', headers, body: JSON.stringify(body) }, options);
}

/** @param {string} token */
function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

/** @param {Options} [options] @returns {Promise<Session>} */
export function session(options) {
  return request('/api/session', { method: 'GET', cache: 'no-store' }, options);
}

/** How the session's person stands, also once they go on in another browser. @param {Options} [options]
 * @returns {Promise<Schemas['Outcome']>} */
export function outcome(options) {
  return request('/api/session/outcome', { method: 'GET', cache: 'no-store' }, options);
}

/** Gives the session more time. @param {Options} [options] @returns {Promise<Schemas['SessionExtended']>} */
export function extendSession(options) {
  return request('/api/session/extend', { method: 'POST', headers: OWN_PAGE }, options);
}

/**
 * @param {string} publicKey base64url of 32 bytes @param {number | null} rate frames analysed per second
 * @param {Wishes} wishes
 * @param {string} consent hash of the text the person was shown, see `consent.js` @param {Options} [options]
 * @returns {Promise<Challenge>}
 */
export function challenge(publicKey, rate, { toneGuided, noTurn, moreTime }, consent, options) {
  /** @type {Schemas['KeyRegistration']} */
  const body = {
    public_key: publicKey,
    rate: Math.round((rate ?? UNKNOWN_RATE) * 10),
    tone_guided: toneGuided,
    no_turn: noTurn,
    more_time: moreTime,
    consent,
  };
  return post('/api/challenge', body, options);
}

/**
 * What comes next in a prompted challenge.
 * @param {string} challengeId @param {Commitment | null} commitment @param {Options} [options]
 * @returns {Promise<NextCue>}
 */
export function nextCue(challengeId, commitment, options) {
  /** @type {Schemas['RoundEnd']} */
  const body = { commitment };
  return post(`/api/cue/${encodeURIComponent(challengeId)}`, body, options);
}

/**
 * @param {string} challengeId @param {Schemas['GivingUp']['reason']} reason @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export function giveUp(challengeId, reason, options) {
  /** @type {Schemas['GivingUp']} */
  const body = { challenge_id: challengeId, reason };
  return post('/api/give-up', body, options);
}

/** @param {string} path @param {object} body @param {Options} [options] */
export function post(path, body, options) {
  /** @type {Record<string, string>} */
  const headers = { ...OWN_PAGE, 'Content-Type': 'application/json' };
  if (options?.language) headers['Accept-Language'] = options.language;
  return request(path, { method: 'POST', headers, body: JSON.stringify(body) }, options);
}

/**
 * One request and its JSON.
 * @param {string} path @param {RequestInit} init @param {Options} [options] @returns {Promise<any>}
 */
export async function request(path, init, { signal: outer, timeoutMs = TIMEOUT_MS, keepalive = false } = {}) {
  const limit = deadline(outer, timeoutMs);
  try {
    const response = await fetch(path, { ...withSession(init), keepalive, signal: limit.signal });
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

/** Adds what says whose session it is: the cookie, or in another site's frame the secret. @param {RequestInit} init */
function withSession(init) {
  if (!embedding.isEmbedded) return { ...init, credentials: /** @type {const} */ ('same-origin') };
  const own = embedding.secret === null ? {} : bearer(embedding.secret);
  return { ...init, headers: { ...own, ...init.headers }, credentials: /** @type {const} */ ('omit') };
}

/** The problem when the server cannot be reached. @param {unknown} [cause] */
export function unreachable(cause) {
  return new Problem(globalThis.navigator?.onLine === false ? 'offline' : 'network', { cause });
}

/**
 * The JSON of a response, or the problem it reports.
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
