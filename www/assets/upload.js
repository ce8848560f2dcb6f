// @ts-check
/** The requests of an upload: how much has arrived, the next chunk, and the decision at the end. */

import { OWN_PAGE, request } from './api.js';

/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./types.js').Answer} Answer */

/** Long enough for the server's check. */
const DECISION_TIMEOUT_MS = 60_000;

/**
 * How many bytes the server has.
 * @param {Submission} submission @param {AbortSignal} signal @returns {Promise<number>}
 */
export async function received(submission, signal) {
  const answer = await request(
    path(submission),
    { method: 'GET', cache: 'no-store', headers: headers(submission) },
    { signal },
  );
  return answer.received;
}

/** Sends the bytes after the first `offset`; returns how many the server has now.
 * @param {Submission} submission @param {number} offset @param {Blob} chunk @param {AbortSignal} signal
 * @returns {Promise<number>} */
export async function append(submission, offset, chunk, signal) {
  const own = { ...headers(submission), 'Content-Type': 'application/octet-stream', 'Upload-Offset': String(offset) };
  const answer = await request(path(submission), { method: 'PATCH', headers: own, body: chunk }, { signal });
  return answer.received;
}

/**
 * Asks for the decision on what was sent.
 * @param {Submission} submission @param {AbortSignal} signal @returns {Promise<Answer>}
 */
export function decide(submission, signal) {
  const { transcript, open, closed, strip } = submission;
  /** @type {import('./types.js').Schemas['Parts']} */
  const sizes = { transcript: transcript.size, open: open.size, closed: closed.size, strip: strip.size };
  const own = { ...headers(submission), 'Content-Type': 'application/json' };
  return request(
    path(submission),
    { method: 'POST', headers: own, body: JSON.stringify(sizes) },
    { signal, timeoutMs: DECISION_TIMEOUT_MS },
  );
}

/** @param {Submission} submission */
function path({ challenge_id }) {
  return `/api/submission/${encodeURIComponent(challenge_id)}`;
}

/** @param {Submission} submission */
function headers({ idempotency_key }) {
  return { ...OWN_PAGE, 'Idempotency-Key': idempotency_key };
}
