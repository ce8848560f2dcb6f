// @ts-check
/**
 * Times for camera frames, on the page's clock, in ms. Browsers give up to four times with a frame, and any of them may
 * be missing, stand still, jump or be coarse. The best one that has proved itself is used. Pure.
 */

/**
 * What the browser says about a frame. `capture_ms`, when the camera took it, and `presentation_ms`, when it was ready
 * to be shown, are on the page's clock; `media_ms` is on a clock of its own.
 * @typedef {{now_ms: number, capture_ms?: number | null, media_ms?: number | null, presentation_ms?: number | null}}
 *   Heard
 */

/**
 * A source of times, as observed. `late_ms`: how much earlier than the page's clock it is on average.
 * @typedef {object} Source
 * @property {number} value_ms
 * @property {number} moved_ms when `value_ms` was new, on the page's clock
 * @property {number} late_ms
 * @property {{value_ms: number, now_ms: number}} from where the current streak of good values began
 * @property {number} count length of that streak
 * @property {boolean} trusted
 */

/**
 * `t_ms`: the frame's time, or `null` if the frame must be skipped because its time is no later than the last one's;
 * `shift_ms`: what is added to the page's clock to get times like those of the last trusted capture times.
 * @typedef {{t_ms: number | null, last_ms: number, shift_ms: number, sources: Partial<Record<Name, Source>>}}
 *   FrameClock
 */

/** @typedef {(typeof NAMES)[number]} Name */
/** Best first: when the light fell in, the camera's steady beat, the display's beat. */
const NAMES = /** @type {const} */ (['capture_ms', 'media_ms', 'presentation_ms']);

/** Frames closer than this are the same picture, or a clock is wrong: cameras take at most 240 pictures a second. */
const LEAST_STEP_MS = 4;

/** How long a source must advance like the page's clock before it is trusted. Longer than a coarse clock's steps. */
const TRUST_MS = 500;

/** How far a source may be from the page's clock at the end of that: coarse clocks advance in steps of 100 ms. */
const MAX_DRIFT_MS = 150;

/** How long a trusted source may repeat a value, which then means the same picture, before it counts as frozen. */
const STILL_MS = 150;

/** How much later than usual a slow page may hear of a frame before the source rather than the page is blamed. */
const MAX_LATE_MS = 400;

/** Weight of the newest frame in a source's distance from the page's clock: follows drift within about a second. */
const WEIGHT = 1 / 32;

/** @type {FrameClock} */
export const NO_FRAMES = Object.freeze({ t_ms: null, last_ms: -Infinity, shift_ms: 0, sources: {} });

/** The clock after a frame. @param {FrameClock} clock @param {Heard} heard @returns {FrameClock} */
export function tick(clock, heard) {
  const { now_ms } = heard;
  /** @type {FrameClock['sources']} */
  const sources = {};
  for (const name of NAMES) {
    const source = follow(clock.sources[name], heard[name], now_ms);
    if (source !== undefined && (name !== 'capture_ms' || isOnPageClock(source))) sources[name] = source;
  }
  const { capture_ms: capture, media_ms: media, presentation_ms: presentation } = sources;
  const best = [capture, media, presentation].find((source) => source?.trusted);
  const shift_ms = capture?.trusted ? -capture.late_ms : clock.shift_ms;
  let t_ms = now_ms + shift_ms;
  // Capture times are right as they are. The others are moved to where capture times are, or were.
  if (best !== undefined) t_ms = best === capture ? best.value_ms : best.value_ms + best.late_ms + shift_ms;
  const isLater = t_ms >= clock.last_ms + LEAST_STEP_MS;
  return { t_ms: isLater ? t_ms : null, last_ms: isLater ? t_ms : clock.last_ms, shift_ms, sources };
}

/**
 * The source after its next value.
 * @param {Source | undefined} source @param {number | null | undefined} value_ms @param {number} now_ms
 * @returns {Source | undefined}
 */
function follow(source, value_ms, now_ms) {
  if (value_ms === null || value_ms === undefined || !Number.isFinite(value_ms)) return undefined;
  if (source === undefined || value_ms < source.value_ms) return newcomer(value_ms, now_ms);
  if (value_ms === source.value_ms) {
    return now_ms - source.moved_ms > STILL_MS ? newcomer(value_ms, now_ms) : source;
  }
  const late_ms = now_ms - value_ms;
  const unusual_ms = late_ms - source.late_ms;
  if (unusual_ms > MAX_LATE_MS || unusual_ms < -MAX_DRIFT_MS) return newcomer(value_ms, now_ms);
  const count = source.count + 1;
  const after = {
    ...source,
    value_ms,
    moved_ms: now_ms,
    // The first frames have equal weight.
    late_ms: source.late_ms + unusual_ms * Math.max(WEIGHT, 1 / count),
    count,
  };
  if (source.trusted || now_ms - source.from.now_ms < TRUST_MS) return after;
  const drift_ms = late_ms - (source.from.now_ms - source.from.value_ms);
  return Math.abs(drift_ms) > MAX_DRIFT_MS ? newcomer(value_ms, now_ms) : { ...after, trusted: true };
}

/** @param {number} value_ms @param {number} now_ms @returns {Source} */
function newcomer(value_ms, now_ms) {
  return {
    value_ms, moved_ms: now_ms, late_ms: now_ms - value_ms, from: { value_ms, now_ms }, count: 1, trusted: false,
  };
}

/** Some browsers count capture times from another moment than the page's clock. @param {Source} source */
function isOnPageClock({ late_ms }) {
  return late_ms > -MAX_DRIFT_MS && late_ms < MAX_LATE_MS;
}
