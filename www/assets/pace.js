// @ts-check
/**
 * Decides which camera frames are analysed: as many as wanted, or as many as the device can handle. Pure, without a
 * clock.
 */

/** The share of time that analysis may take; the rest keeps page and device responsive. Chosen by us. */
const DUTY = 0.7;

/** However slow the device, frames are wanted at least this often: detecting blinks needs 8 per second. */
export const LONGEST_INTERVAL_MS = 125;

/** Time between frames while nobody is in view: a face that comes back is found soon enough. Chosen by us. */
export const RESTING_MS = 250;

/** The most frames that a recording of prompts holds (`MAX_FRAMES` of the engine). */
const MOST_FRAMES = 1800;

/** However long a challenge lasts, frames are no further apart than this. Fewer show fewer blinks. Chosen by us. */
const WIDEST_MS = 100;

/** Weight of the newest measurement when it is slower, and when it is faster: one quick frame means little. */
const RISE = 0.3;
const FALL = 0.05;

/** Weight of the newest gap between analysed frames in the rate. */
const GAP_WEIGHT = 0.1;

/** A gap this long is a pause and says nothing about the rate. */
const PAUSE_MS = 1_000;

/** Number of gaps after which the rate is meaningful. */
const SETTLED = 10;

/**
 * How far apart the frames of a challenge must be to fill its time. Only with prompts is every frame kept.
 * @param {{policy: string, timeout_ms: number}} challenge
 */
export function spaced_ms({ policy, timeout_ms }) {
  return policy === 'natural' ? 0 : Math.min(timeout_ms / MOST_FRAMES, WIDEST_MS);
}

export class Pace {
  #wanted_ms;
  #spent_ms = 0;
  #due_ms = -Infinity;
  #taken_ms = -Infinity;
  #gap_ms = 0;
  #gaps = 0;
  #resting = false;

  /** @param {number} wanted_ms time between frames if the device is fast enough */
  constructor(wanted_ms) {
    this.#wanted_ms = wanted_ms;
  }

  /** The current target for the time between frames. */
  get interval_ms() {
    const busy_ms = Math.max(this.#wanted_ms, Math.min(this.#spent_ms / DUTY, LONGEST_INTERVAL_MS));
    return this.#resting ? Math.max(busy_ms, RESTING_MS) : busy_ms;
  }

  /** Makes frames at least this far apart. @param {number} interval_ms */
  space(interval_ms) {
    this.#wanted_ms = Math.max(this.#wanted_ms, interval_ms);
  }

  /** Whether nobody is in view. Rates then say nothing about the device. @param {boolean} is */
  rest(is) {
    if (this.#resting && !is) [this.#due_ms, this.#taken_ms] = [-Infinity, -Infinity];
    this.#resting = is;
  }

  /** Recent frames per second; `null` after too few frames. @returns {number | null} */
  get rate() {
    return this.#gaps < SETTLED ? null : 1000 / this.#gap_ms;
  }

  /**
   * Whether to analyse the frame that arrives now. Frames that arrive during an analysis are not offered.
   * @param {number} now_ms
   */
  takes(now_ms) {
    const interval_ms = this.interval_ms;
    if (now_ms < this.#due_ms) return false;
    // At most one interval is made up for: enough for jittery cameras and gaps that fit no interval, without a burst.
    this.#due_ms = Math.max(this.#due_ms, now_ms - interval_ms) + interval_ms;
    if (!this.#resting) this.#count(now_ms - this.#taken_ms);
    this.#taken_ms = now_ms;
    return true;
  }

  /** Learns from an analysed frame. @param {number} spent_ms how long that took */
  spent(spent_ms) {
    // The first frames pay for compiling code and allocating memory, so nothing is concluded from them at once.
    const weight = spent_ms > this.#spent_ms ? RISE : FALL;
    this.#spent_ms += (spent_ms - this.#spent_ms) * weight;
  }

  /** @param {number} gap_ms */
  #count(gap_ms) {
    if (gap_ms > PAUSE_MS) return;
    this.#gaps += 1;
    // The first gaps have equal weight.
    this.#gap_ms += (gap_ms - this.#gap_ms) * Math.max(GAP_WEIGHT, 1 / this.#gaps);
  }
}
