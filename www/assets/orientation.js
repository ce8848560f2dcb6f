// @ts-check
/**
 * How a camera's frame has to be turned to look like what the page shows. Some browsers turn what they show without
 * telling how their frames lie. Pure: two small pictures in, a turn out.
 */

/** Quarters of a turn, clockwise, then perhaps mirrored. @typedef {{quarters: number, mirrored: boolean}} Turn */

/** @type {Turn} */
export const UPRIGHT = Object.freeze({ quarters: 0, mirrored: false });

/** Sides of the small pictures: fine enough for a face, too coarse for noise. */
export const SIDE = 24;

/** How alike two pictures must be, from -1 to 1. Exposure and scaling change little. */
const ALIKE = 0.85;

/** How much more alike the best turn must be than any other. */
const LEAD = 0.03;

/** How far two ratios of width to height may be apart: some sizes are rounded. */
const RATIO_APART = 0.03;

/** Whether a frame needs no turn. @param {Turn} turn */
export function isUpright({ quarters, mirrored }) {
  return quarters === 0 && !mirrored;
}

/**
 * The turn after which `raw` looks like `shown`; `null` if the pictures do not tell.
 * @param {{luma: ArrayLike<number>, ratio: number}} raw `ratio`: the width of the whole frame by its height
 * @param {{luma: ArrayLike<number>, ratio: number}} shown @returns {Turn | null}
 */
export function turnBetween(raw, shown) {
  const ranked = [0, 1, 2, 3]
    .flatMap((quarters) => [false, true].map((mirrored) => ({ quarters, mirrored })))
    .filter(({ quarters }) => {
      const ratio = quarters % 2 === 0 ? raw.ratio : 1 / raw.ratio;
      return Math.abs(ratio / shown.ratio - 1) <= RATIO_APART;
    })
    .map((turn) => ({ turn, alike: likeness(turned(raw.luma, turn), shown.luma) }))
    .sort((a, b) => b.alike - a.alike);
  const [best, second] = ranked;
  if (best === undefined || best.alike < ALIKE) return null;
  return second === undefined || best.alike - second.alike >= LEAD ? best.turn : null;
}

/** @param {ArrayLike<number>} luma @param {Turn} turn @returns {number[]} */
function turned(luma, { quarters, mirrored }) {
  const last = SIDE - 1;
  return Array.from({ length: SIDE * SIDE }, (_, at) => {
    const y = Math.floor(at / SIDE);
    const x = mirrored ? last - (at % SIDE) : at % SIDE;
    const [fromX, fromY] = [[x, y], [y, last - x], [last - x, last - y], [last - y, x]][quarters] ?? [x, y];
    return luma[(fromY ?? 0) * SIDE + (fromX ?? 0)] ?? 0;
  });
}

/**
 * The correlation of two pictures; 0 if one has no content.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b
 */
function likeness(a, b) {
  const mean = (/** @type {ArrayLike<number>} */ values) =>
    Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (let at = 0; at < a.length; at += 1) {
    const [x, y] = [(a[at] ?? 0) - meanA, (b[at] ?? 0) - meanB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return ofA === 0 || ofB === 0 ? 0 : both / Math.sqrt(ofA * ofB);
}
