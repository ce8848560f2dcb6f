// @ts-check
/** How long the face has been in place without a break, which fills the ring before a recording. Pure. */

/** How long the face must be in place before the challenge begins. */
export const HOLD_MS = 600;

/** @typedef {{since_ms: number | null, share: number}} Hold `share` runs from 0 to 1 */

/** @type {Hold} */
export const NOT_HELD = Object.freeze({ since_ms: null, share: 0 });

/** @param {Hold} hold @param {boolean} good @param {number} t_ms @returns {Hold} */
export function hold(hold, good, t_ms) {
  if (!good) return NOT_HELD;
  const since_ms = hold.since_ms ?? t_ms;
  return { since_ms, share: Math.min(1, Math.max(0, (t_ms - since_ms) / HOLD_MS)) };
}
