// @ts-check
/** Uploads a submission until the server has answered it. Repeats are harmless: they carry the same idempotency key. */

import { asProblem, isAbort } from './problem.js';

/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./problem.js').Problem} Problem */

/** Pauses between tries; the last one is used again and again until the time is up. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000];

/** How long to keep trying. */
export const GIVE_UP_AFTER_MS = 150_000;

/** Problems that pass. */
const PASSING = new Set(['network', 'offline', 'busy', 'unavailable', 'submission_in_progress', 'body_too_slow']);

/** @param {Problem} problem */
export function passes(problem) {
  return PASSING.has(problem.code) || problem.status === 502 || problem.status === 503 || problem.status === 504;
}

/** The pause before try number `tries + 1`. @param {number} tries @param {number | null} retryAfterMs what the server asked for */
export function pauseMs(tries, retryAfterMs) {
  return retryAfterMs ?? PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0;
}

/**
 * @param {Submission} submission
 * @param {{
 *   send: (submission: Submission) => Promise<Answer>,
 *   delay: (ms: number) => Promise<void>,
 *   online: () => Promise<void>,
 *   now: () => number,
 *   again: (code: 'network' | 'offline' | 'busy') => void,
 * }} by how to send and wait; `again` is told before each pause
 * @returns {Promise<Answer>}
 */
export async function submit(submission, { send, delay, online, now, again }) {
  const begun_ms = now();
  for (let tries = 1; ; tries += 1) {
    try {
      return await send(submission);
    } catch (error) {
      if (isAbort(error)) throw error;
      const problem = asProblem(error);
      const pause = pauseMs(tries, problem.retryAfterMs);
      if (!passes(problem) || now() - begun_ms + pause > GIVE_UP_AFTER_MS) throw problem;
      again(problem.code === 'offline' ? 'offline' : problem.status === 0 ? 'network' : 'busy');
      if (problem.code === 'offline') await online();
      await delay(pause);
    }
  }
}
