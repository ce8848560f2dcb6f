// @ts-check
/**
 * Uploads a submission in chunks until the server has decided on it. After a lost connection it asks how much arrived
 * and resumes from there. Repeated requests are harmless: they carry the same idempotency key.
 */

import { asProblem, isAbort } from './problem.js';

/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Progress} Progress */
/** @typedef {import('./problem.js').Problem} Problem */

/** Pauses between tries; the last one repeats until time is up. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000];

/** How long to keep trying without progress. */
export const GIVE_UP_AFTER_MS = 150_000;

/** Bytes per chunk: the most the server accepts, and the least after repeated losses. */
export const LARGEST_CHUNK = 16 * 1024;
const SMALLEST_CHUNK = 4 * 1024;

/** Problems that a retry may solve. */
const TRANSIENT = new Set(['network', 'offline', 'busy', 'unavailable', 'submission_in_progress', 'body_too_slow']);

/** Problems that only mean that the server has other bytes than the page assumed. */
const OUT_OF_STEP = new Set(['upload_offset', 'upload_incomplete']);

/** @param {Problem} problem */
export function isTransient(problem) {
  return (
    TRANSIENT.has(problem.code) ||
    OUT_OF_STEP.has(problem.code) ||
    problem.status === 502 ||
    problem.status === 503 ||
    problem.status === 504
  );
}

/**
 * The pause before try number `tries + 1`, with up to 50 % of jitter: clients that were told the same number of seconds
 * must not all come back at the same moment.
 * @param {number} tries @param {number | null} retryAfterMs what the server asked for
 * @param {number} random from 0 to 1
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
 * }} by how to ask, send and wait; `progress` reports what has arrived, `again` is called before each pause
 * @returns {Promise<Answer>}
 */
export async function submit(submission, { received, append, decide, delay, online, now, random, progress, again }) {
  const body = new Blob([submission.transcript, submission.open, submission.closed, submission.strip]);
  let progress_ms = now();
  let tries = 0;
  let chunk = LARGEST_CHUNK;
  /** How many bytes the server has; `null` if only the server knows. @type {number | null} */
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
        [tries, progress_ms] = [0, now()];
      }
      return await decide(submission);
    } catch (error) {
      if (isAbort(error)) throw error;
      const problem = asProblem(error);
      tries += 1;
      const pause = pauseMs(tries, problem.retryAfterMs, random());
      if (!isTransient(problem) || now() - progress_ms + pause > GIVE_UP_AFTER_MS) throw problem;
      // `busy` means that nothing was taken and nothing lost.
      if (problem.code !== 'busy') {
        // Once everything has arrived only the answer can be missing, and asking again returns it.
        if (offset !== body.size || OUT_OF_STEP.has(problem.code)) offset = null;
        chunk = Math.max(chunk / 2, SMALLEST_CHUNK);
      }
      if (!OUT_OF_STEP.has(problem.code)) {
        again(problem.code === 'offline' ? 'offline' : problem.status === 0 ? 'network' : 'busy');
      }
      if (problem.code === 'offline') await online();
      await delay(pause);
    }
  }
}
