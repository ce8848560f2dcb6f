// @ts-check
/** Draws the curve. `plot-layout.js` decides the positions. */

import { svg } from './elements.js';
import { seconds, text } from './words.js';

/** @typedef {ReturnType<typeof import('./plot-layout.js').layOut>} Layout */
/** @typedef {import('./plot-layout.js').Point} Point */

/** Half of a diamond's width. */
const DIAMOND_PX = 4;

/** Space for a label beside a mark. */
const WORD_PX = 44;

/**
 * @param {Layout} layout @param {{width: number, height: number}} size @param {string} description the plot in words
 */
export function drawPlot(
  { inner, lines, closures, captures, cells, faults, seconds: times, ears },
  { width, height },
  description,
) {
  return svg(
    'svg',
    { class: 'plot', role: 'img', 'aria-label': description, width, height, viewBox: `0 0 ${width} ${height}` },
    svg(
      'g',
      { class: 'closures' },
      ...closures.map(({ number, x, width: wide }) =>
        svg('rect', { x, y: inner.top, width: wide, height: inner.bottom - inner.top, 'data-closure': number }),
      ),
    ),
    svg(
      'g',
      { class: 'grid' },
      ...ears.map(({ y }) => svg('path', { d: `M${inner.left} ${y}H${inner.right}` })),
      ...times.map(({ x }) => svg('path', { d: `M${x} ${inner.bottom}v5` })),
    ),
    svg(
      'g',
      { class: 'numbers' },
      ...ears.map(({ y, ear }) => svg('text', { x: inner.left - 8, y: y + 4, 'text-anchor': 'end' }, ear.toFixed(1))),
      ...times.map(({ x, t }) =>
        svg(
          'text',
          { x, y: inner.bottom + 20, 'text-anchor': 'middle' },
          text('admin.curve.seconds', { seconds: secondsShort(t) }),
        ),
      ),
    ),
    svg('g', { class: 'captures' }, ...captures.flatMap((capture) => captureMark(capture, inner, captures))),
    svg('g', { class: 'faults' }, ...faults.map((x) => svg('path', { d: `M${x} ${inner.bottom - 8}v8` }))),
    svg('path', { class: 'line', 'data-eye': 'right', d: lines.right.map(pathOf).join('') }),
    svg('path', { class: 'line', 'data-eye': 'left', d: lines.left.map(pathOf).join('') }),
    svg(
      'g',
      { class: 'scored' },
      ...cells.flatMap(({ number, x, scored }) =>
        scored === null
          ? []
          : /** @type {const} */ (['right', 'left']).map((eye) =>
              diamond(x, scored[eye], { 'data-cell': number, 'data-eye': eye }),
            ),
      ),
    ),
  );
}

/** A line through the points; a single point becomes a dot (lines have round caps). @param {readonly Point[]} points */
export function pathOf(points) {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  return `M${first.x} ${first.y}${rest.length === 0 ? 'h0' : rest.map(({ x, y }) => `L${x} ${y}`).join('')}`;
}

/** @param {number} x @param {number} y @param {import('./elements.js').Attributes} attributes */
function diamond(x, y, attributes) {
  return svg('path', {
    d: `M${x - DIAMOND_PX} ${y}l${DIAMOND_PX} -${DIAMOND_PX}l${DIAMOND_PX} ${DIAMOND_PX}l-${DIAMOND_PX} ${DIAMOND_PX}Z`,
    ...attributes,
  });
}

/**
 * The moment of a capture. The labels of two captures point away from each other; at the right edge, where there is no
 * room, the label moves down one line.
 * @param {Layout['captures'][number]} capture @param {Layout['inner']} inner @param {Layout['captures']} all
 */
function captureMark({ kind, x }, inner, all) {
  const isFirst = all.some((other) => other.kind !== kind && x < other.x);
  const fits = x < inner.right - WORD_PX;
  const isLeft = isFirst || !fits;
  return [
    svg('path', { 'data-capture': kind, d: `M${x} ${inner.top - 6}V${inner.bottom}` }),
    svg(
      'text',
      { x: x + (isLeft ? -4 : 4), y: inner.top + (isFirst || fits ? -10 : 4), 'text-anchor': isLeft ? 'end' : 'start' },
      kind === 'open' ? text('admin.curve.capture.open') : text('admin.curve.capture.closed'),
    ),
  ];
}

/** @param {number} ms */
function secondsShort(ms) {
  return seconds(ms, ms % 1000 === 0 ? 0 : ms % 100 === 0 ? 1 : 2);
}
