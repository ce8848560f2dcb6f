// @ts-check
/** The requests by which a check moves to a phone, and comes back. */

import { OWN_PAGE, post, request } from './api.js';
import { embedding } from './embedded.js';

/** @typedef {import('./types.js').Schemas} Schemas */
/** @typedef {import('./api.js').Options} Options */

/** A new code. @param {boolean} anew whether a phone that is choosing has to start again @param {Options} [options]
 * @returns {Promise<Schemas['Handoff']>} */
export function makeHandoff(anew, options) {
  /** @type {Schemas['HandoffMaking']} */
  const body = { anew };
  return post('/api/handoff', body, options);
}

/** What became of the code. @param {Options} [options] @returns {Promise<Schemas['Handoff']>} */
export function handoff(options) {
  return request('/api/handoff', { method: 'GET', cache: 'no-store' }, options);
}

/** Sends the usual link once more. @param {Options} [options] @returns {Promise<Schemas['Sent']>} */
export function mailLink(options) {
  const headers = { ...OWN_PAGE, 'Accept-Language': document.documentElement.lang };
  return request('/api/handoff/mail', { method: 'POST', headers }, options);
}

/**
 * Withdraws the codes, and takes the check back from a phone.
 * @param {boolean} codesOnly whether a phone that has the check keeps it @param {Options} [options]
 * @returns {Promise<Schemas['HandoffTakenBack']>}
 */
export function takeBack(codesOnly, options) {
  /** @type {Schemas['HandoffTakingBack']} */
  const body = { codes_only: codesOnly, keep: embedding.isEmbedded ? 'memory' : 'cookie' };
  return post('/api/handoff/take-back', body, options);
}

/** Exchanges the token of a code. @param {string} token @param {'qr' | 'link'} way how this device came by it
 * @returns {Promise<Schemas['HandoffOpened']>} */
export function openHandoff(token, way) {
  /** @type {Schemas['HandoffOpening']} */
  const body = { token, way };
  return post('/api/handoff/open', body);
}

/** @param {string} ticket @param {number | null} number that the person chose; `null`: it is not theirs
 * @returns {Promise<Schemas['HandoffAnswered']>} */
export function answerHandoff(ticket, number) {
  /** @type {Schemas['HandoffAnswer']} */
  const body = { ticket, number };
  return post('/api/handoff/answer', body);
}
