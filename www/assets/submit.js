// @ts-check
/**
 * Uploads a submission, chunk by chunk, until the server has answered it. After a loss it asks how much has arrived and
 * goes on from there. Repeats are harmless: they carry the same idempotency key.
 */

import { asProblem, isAbort } from './problem.js';

/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Progress} Progress */
/** @typedef {import('./problem.js').Problem} Problem */

/** Pauses between tries; the last one is used again and again until the time is up. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000];

/** How long to keep trying while nothing arrives. */
export const GIVE_UP_AFTER_MS = 150_000;

/** Bytes of a chunk: the most that the server takes, and the least that a loss makes of it. */
export const LARGEST_CHUNK = 16 * 1024;
const SMALLEST_CHUNK = 4 * 1024;

/** Problems that pass. */
const PASSING = new Set(['network', 'offline', 'busy', 'unavailable', 'submission_in_progress', 'body_too_slow']);

/** Problems that say no more than that the server has other bytes than we thought. */
const MISTAKEN = new Set(['upload_offset', 'upload_incomplete']);

/** @param {Problem} problem */
export function passes(problem) {
  return PASSING.has(problem.code) || MISTAKEN.has(problem.code) || problem.status === 502 || problem.status === 503 || problem.status === 504;
}

/**
 * The pause before try number `tries + 1`: up to half as long again as it need be, or else all who were told the same number of
 * seconds at once would come back at once.
 * @param {number} tries @param {number | null} retryAfterMs what the server asked for @param {number} random from 0 to 1
 */
export function pauseMs(tries, retryAfterMs, random) {
  const atLeast = retryAfterMs ?? PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1] ?? 0;
  return atLeast * (1 + random / 2);
}

/**
 * @param {Submission} submission
 * @param {{
 *   received: (submission: Submission) => Promise<number>,
 *   append: (submission: Submission, offset: number, chunk: Blob) => Promise<number>,
 *   decide: (submission: Submission) => Promise<Answer>,
 *   delay: (ms: number) => Promise<void>,
 *   online: () => Promise<void>,
 *   now: () => number,
 *   random: () => number,
 *   progress: (progress: Progress) => void,
 *   again: (code: 'network' | 'offline' | 'busy') => void,
 * }} by how to ask, send and wait; `progress` is told what has arrived, `again` is told before each pause
 * @returns {Promise<Answer>}
 */
export async function submit(submission, { received, append, decide, delay, online, now, random, progress, again }) {
  const body = new Blob([submission.transcript, submission.open, submission.closed, submission.strip]);
  let moved_ms = now();
  let tries = 0;
  let chunk = LARGEST_CHUNK;
  /** How many bytes the server has; `null` where only the server knows. @type {number | null} */
  let offset = submission.begun ? null : 0;
  submission.begun = true;
  for (;;) {
    try {
      offset ??= await received(submission);
      progress({ loaded: offset, total: body.size });
      while (offset < body.size) {
        offset = await append(submission, offset, body.slice(offset, offset + chunk));
        progress({ loaded: offset, total: body.size });
        chunk = Math.min(2 * chunk, LARGEST_CHUNK);
        [tries, moved_ms] = [0, now()];
      }
      return await decide(submission);
    } catch (error) {
      if (isAbort(error)) throw error;
      const problem = asProblem(error);
      tries += 1;
      const pause = pauseMs(tries, problem.retryAfterMs, random());
      if (!passes(problem) || now() - moved_ms + pause > GIVE_UP_AFTER_MS) throw problem;
      // Who is told to wait knows that nothing was taken, and nothing lost.
      if (problem.code !== 'busy') {
        // Once everything is there only the answer can be missing, and asking for it again brings it.
        if (offset !== body.size || MISTAKEN.has(problem.code)) offset = null;
        chunk = Math.max(chunk / 2, SMALLEST_CHUNK);
      }
      if (!MISTAKEN.has(problem.code)) again(problem.code === 'offline' ? 'offline' : problem.status === 0 ? 'network' : 'busy');
      if (problem.code === 'offline') await online();
      await delay(pause);
    }
  }
}
