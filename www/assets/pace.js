// @ts-check
/** Which of the camera's frames are analysed: as many as are wanted, or as the device can bear. Knows no clock, pure. */

/** The analysis may take this share of the time: the rest keeps page and device alive. Chosen by us. */
const DUTY = 0.7;

/** However slow the device, frames are wanted at least this often: 8 a second is the least that blinks are found with. */
export const LONGEST_INTERVAL_MS = 125;

/** How much the newest measurement counts, when it says slower and when it says faster: one quick frame promises little. */
const RISE = 0.3;
const FALL = 0.05;

/** How much the newest gap between two analysed frames counts in the rate. */
const GAP_WEIGHT = 0.1;

/** A gap as long as this is a pause and says nothing of the rate. */
const PAUSE_MS = 1_000;

/** Frames after which the rate means something. */
const SETTLED = 10;

export class Pace {
  #wanted_ms;
  #spent_ms = 0;
  #due_ms = -Infinity;
  #taken_ms = -Infinity;
  #gap_ms = 0;
  #gaps = 0;

  /** @param {number} wanted_ms time from frame to frame where the device is quick enough */
  constructor(wanted_ms) {
    this.#wanted_ms = wanted_ms;
  }

  /** Time from frame to frame that is aimed at now. */
  get interval_ms() {
    return Math.max(this.#wanted_ms, Math.min(this.#spent_ms / DUTY, LONGEST_INTERVAL_MS));
  }

  /** Frames taken in a second, lately; `null` while too few were. @returns {number | null} */
  get rate() {
    return this.#gaps < SETTLED ? null : 1000 / this.#gap_ms;
  }

  /** Whether the frame that comes now is to be analysed. Frames that come while one is analysed are not offered. @param {number} now_ms */
  takes(now_ms) {
    const interval_ms = this.interval_ms;
    if (now_ms < this.#due_ms) return false;
    // One interval at most is made up for: enough for cameras that tremble and for gaps that fit no interval, and no burst.
    this.#due_ms = Math.max(this.#due_ms, now_ms - interval_ms) + interval_ms;
    this.#count(now_ms - this.#taken_ms);
    this.#taken_ms = now_ms;
    return true;
  }

  /** Learns from a frame that was analysed. @param {number} spent_ms how long that took */
  spent(spent_ms) {
    // The first frames pay for code and memory that are new, so nothing is taken for granted from them.
    const weight = spent_ms > this.#spent_ms ? RISE : FALL;
    this.#spent_ms += (spent_ms - this.#spent_ms) * weight;
  }

  /** @param {number} gap_ms */
  #count(gap_ms) {
    if (gap_ms > PAUSE_MS) return;
    this.#gaps += 1;
    // The first gaps count alike.
    this.#gap_ms += (gap_ms - this.#gap_ms) * Math.max(GAP_WEIGHT, 1 / this.#gaps);
  }
}
