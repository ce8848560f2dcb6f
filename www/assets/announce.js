// @ts-check
/** What screen readers announce: hints politely and not too often, problems at once. */

/** The least time between two polite announcements. */
export const PACE_MS = 1_500;

/**
 * Announces the newest text, at most one every `PACE_MS`, and never the same one twice in a row.
 * @param {(text: string) => void} say
 * @param {{now: () => number, later: (work: () => void, ms: number) => void}} [time]
 * @returns {(text: string) => void}
 */
export function paced(say, time = { now: () => performance.now(), later: (work, ms) => { setTimeout(work, ms); } }) {
  let said = '';
  let said_ms = -Infinity;
  let pending = '';
  let waiting = false;
  const speak = () => {
    waiting = false;
    if (pending === said) return;
    said = pending;
    said_ms = time.now();
    say(said);
  };
  return (text) => {
    pending = text;
    if (waiting) return;
    const rest = said_ms + PACE_MS - time.now();
    if (rest <= 0) return speak();
    waiting = true;
    time.later(speak, rest);
  };
}
