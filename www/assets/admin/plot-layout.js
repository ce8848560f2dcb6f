// @ts-check
/** The position of each mark in the curve's plot, in pixels. Knows no elements. */

import { greatestEar, isIn, runs } from './curve.js';

/** @typedef {import('./types.js').Curve} Curve */
/** @typedef {import('./curve.js').Span} Span */
/** @typedef {{x: number, y: number}} Point */

/** Space for the numbers on the left, the capture labels above, the seconds below. */
const EDGES = { left: 40, right: 10, top: 26, bottom: 30 };

/** The least upper bound of the plot: open eyes read 0.2 to 0.36. */
const LEAST_TOP = 0.4;

/** The least distance between two labels on the time axis. */
const LABEL_PX = 70;

/** Round intervals for the time axis, in milliseconds. */
const STEPS_MS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];
const WIDEST_STEP_MS = 300_000;

/** The greatest size of a cell below the plot: that of its picture. */
export const CELL_PX = 96;

/**
 * @param {Curve} curve @param {Span} span the part that is shown @param {{width: number, height: number}} size
 */
export function layOut(curve, span, { width, height }) {
  const inner = { left: EDGES.left, right: width - EDGES.right, top: EDGES.top, bottom: height - EDGES.bottom };
  const top = Math.max(LEAST_TOP, Math.ceil(greatestEar(curve) * 10) / 10);
  const x = (/** @type {number} */ t) =>
    rounded(inner.left + ((t - span.from) / (span.to - span.from)) * (inner.right - inner.left));
  const y = (/** @type {number} */ ear) =>
    rounded(inner.bottom - (Math.max(ear, 0) / top) * (inner.bottom - inner.top));
  const frames = curve.frames.filter(({ t }) => isIn(span, t));
  const line = (/** @type {'left' | 'right'} */ eye) =>
    runs(frames, eye).map((run) => run.map(({ t, ear }) => ({ x: x(t), y: y(ear) })));
  const closures = curve.closures.map(({ start_ms, end_ms }, index) => ({
    number: index + 1,
    from: Math.max(start_ms, span.from),
    to: Math.min(end_ms, span.to),
  }));
  const cells = curve.cells
    .map(({ t, scored }, index) => ({ number: index + 1, t, scored }))
    .filter(({ t }) => isIn(span, t));
  return {
    inner,
    lines: { left: line('left'), right: line('right') },
    closures: closures
      .filter(({ from, to }) => from <= to)
      .map(({ number, from, to }) => ({ number, x: x(from), width: Math.max(rounded(x(to) - x(from)), 1) })),
    captures: /** @type {const} */ (['open', 'closed'])
      .filter((kind) => isIn(span, curve.captures[kind]))
      .map((kind) => ({ kind, x: x(curve.captures[kind]) })),
    cells: cells.map(({ number, t, scored }) => ({
      number,
      x: x(t),
      scored: scored && { left: y(scored.left), right: y(scored.right) },
    })),
    /** Frames with a fault, as marks on the time axis. */
    faults: frames.filter(({ gate }) => gate !== 'ok').map(({ t }) => x(t)),
    seconds: secondsIn(span, inner.right - inner.left).map((t) => ({ x: x(t), t })),
    ears: Array.from({ length: Math.round(top * 10) + 1 }, (_, tenth) => ({ y: y(tenth / 10), ear: tenth / 10 })),
  };
}

/**
 * The pictures below the plot, each with a line up to its moment: their size, and the centre of each.
 * @param {readonly {x: number}[]} cells from the layout @param {number} width
 */
export function layOutCells(cells, width) {
  const side = Math.min(Math.floor(width / Math.max(cells.length, 1)), CELL_PX);
  const start = (width - side * cells.length) / 2;
  return { side, leaders: cells.map(({ x }, index) => ({ from: x, to: rounded(start + (index + 0.5) * side) })) };
}

/** Round times within the span, far enough apart for their labels. @param {Span} span @param {number} width */
function secondsIn({ from, to }, width) {
  const step = STEPS_MS.find((ms) => (ms / (to - from)) * width >= LABEL_PX) ?? WIDEST_STEP_MS;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(Math.floor((to - first) / step) + 1, 0) }, (_, index) => first + index * step);
}

/** Nobody sees a tenth of a pixel. @param {number} pixels */
function rounded(pixels) {
  return Math.round(pixels * 10) / 10;
}
