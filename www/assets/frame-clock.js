// @ts-check
/** Frame times on the page's clock, in ms, always rising, pure. */

/** @typedef {{offset_ms: number | null, last_ms: number}} FrameClock */

/** Media time and page clock may drift apart by this much before the media time is set anew. Chosen by us. */
const MAX_DRIFT_MS = 150;

/** @type {FrameClock} */
export const NO_FRAMES = Object.freeze({ offset_ms: null, last_ms: -1 });

/**
 * The clock after a frame, `last_ms` being that frame's time. Media time is steadier than the moment we hear of a frame,
 * so it leads; where it is missing, stands still or runs away, the page's clock does.
 * @param {FrameClock} clock @param {number | null} media_ms @param {number} now_ms @returns {FrameClock}
 */
export function tick(clock, media_ms, now_ms) {
  let offset_ms = media_ms === null ? null : clock.offset_ms ?? now_ms - media_ms;
  if (media_ms !== null && offset_ms !== null && Math.abs(media_ms + offset_ms - now_ms) > MAX_DRIFT_MS) offset_ms = now_ms - media_ms;
  const t_ms = media_ms === null || offset_ms === null ? now_ms : media_ms + offset_ms;
  return { offset_ms, last_ms: Math.max(t_ms, clock.last_ms + 1) };
}
