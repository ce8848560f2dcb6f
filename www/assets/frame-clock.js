// @ts-check
/** Frame times on the page's clock, in ms, strictly increasing. Pure. */

/** @typedef {{offset_ms: number | null, last_ms: number}} FrameClock */

/** How far media time and page clock may drift apart before they are realigned. Chosen by us. */
const MAX_DRIFT_MS = 150;

/** @type {FrameClock} */
export const NO_FRAMES = Object.freeze({ offset_ms: null, last_ms: -1 });

/**
 * The clock after a frame, whose time is `last_ms`. Media time is steadier than the moment the page hears of a frame,
 * so it is preferred; where it is missing, stops or drifts too far, the page's clock is used.
 * @param {FrameClock} clock @param {number | null} media_ms @param {number} now_ms @returns {FrameClock}
 */
export function tick(clock, media_ms, now_ms) {
  let offset_ms = media_ms === null ? null : clock.offset_ms ?? now_ms - media_ms;
  if (media_ms !== null && offset_ms !== null && Math.abs(media_ms + offset_ms - now_ms) > MAX_DRIFT_MS) {
    offset_ms = now_ms - media_ms;
  }
  const t_ms = media_ms === null || offset_ms === null ? now_ms : media_ms + offset_ms;
  return { offset_ms, last_ms: Math.max(t_ms, clock.last_ms + 1) };
}
