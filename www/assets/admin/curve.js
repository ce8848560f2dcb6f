// @ts-check
/** The curve of a transcript as figures: its readings, and the parts that deserve a closer look. Knows no elements. */

/** @typedef {import('./types.js').Curve} Curve */
/** @typedef {import('./types.js').CurveFrame} CurveFrame */
/** @typedef {import('./types.js').Cell} Cell */
/** @typedef {import('./types.js').Ears} Ears */
/** @typedef {{from: number, to: number}} Span milliseconds of the recording */

/** Time shown before and after a closure in the close-up. */
const AROUND_MS = 400;

/** The whole recording. @param {Curve} curve @returns {Span} */
export function wholeSpan({ frames }) {
  const from = frames[0]?.t ?? 0;
  // A single frame has no length, and a plot needs one.
  return { from, to: Math.max(frames.at(-1)?.t ?? 0, from + 1) };
}

/** One span of the recording for each closure. @param {Curve} curve @returns {Span[]} */
export function closureSpans(curve) {
  const whole = wholeSpan(curve);
  return curve.closures.map(({ start_ms, end_ms }) => ({
    from: Math.max(start_ms - AROUND_MS, whole.from),
    to: Math.min(end_ms + AROUND_MS, whole.to),
  }));
}

/** @param {Span} span @param {number} t */
export function isIn({ from, to }, t) {
  return t >= from && t <= to;
}

/**
 * The frames whose eyes were readable, in runs without a gap.
 * @param {readonly CurveFrame[]} frames @param {'left' | 'right'} eye @returns {{t: number, ear: number}[][]}
 */
export function runs(frames, eye) {
  /** @type {{t: number, ear: number}[][]} */
  const found = [];
  let broken = true;
  for (const frame of frames) {
    const ear = frame[eye];
    if (ear !== null) {
      if (broken) found.push([]);
      found.at(-1)?.push({ t: frame.t, ear });
    }
    broken = ear === null;
  }
  return found;
}

/**
 * Number of frames by gate, the most frequent first.
 * @param {Curve} curve @returns {[gate: string | null, count: number][]}
 */
export function gateCounts({ frames }) {
  /** @type {Map<string | null, number>} */
  const counts = new Map();
  for (const { gate } of frames) counts.set(gate, (counts.get(gate) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

/** The mean of both eyes. @param {Ears | null} ears */
export function meanOf(ears) {
  return ears === null ? null : (ears.left + ears.right) / 2;
}

/**
 * The server's reading of a cell minus the browser's claim for its frame; null if either is missing.
 * @param {Cell} cell
 */
export function apart({ claimed, scored }) {
  const [one, other] = [meanOf(scored), meanOf(claimed)];
  return one === null || other === null ? null : one - other;
}

/** The greatest ratio anywhere in the curve. @param {Curve} curve */
export function greatestEar({ frames, cells }) {
  const read = frames.flatMap(({ left, right }) => [left, right]);
  const scored = cells.flatMap((cell) => (cell.scored === null ? [] : [cell.scored.left, cell.scored.right]));
  return Math.max(0, ...[...read, ...scored].map((ear) => ear ?? 0));
}
