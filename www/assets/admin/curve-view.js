// @ts-check
/** The eyes over time: the plot, its visible span, the strip below it, and the same figures as tables. */

import { setAttribute } from '../dom.js';
import { apart, closureSpans, gateCounts, wholeSpan } from './curve.js';
import { button, el } from './elements.js';
import { layOut } from './plot-layout.js';
import { drawPlot } from './plot.js';
import { stripView } from './strip.js';
import { table } from './table.js';
import { bothEyes, figure, seconds, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').Curve} Curve */
/** @typedef {import('./types.js').WholeEvent} WholeEvent */

const HEIGHT_PX = 280;

/** @param {WholeEvent} event @param {Desk} desk */
export function curveView(event, desk) {
  const { curve } = event;
  const title = el('h2', {}, text('admin.curve.title'));
  if (curve === null) return el('section', { class: 'card' }, title, el('p', {}, text('admin.curve.none')));

  const plot = el('div', { class: 'plot-frame' });
  const strip = stripView(event, curve, desk);
  const description = text('admin.curve.described', {
    frames: curve.frames.length,
    seconds: seconds(wholeSpan(curve).to - wholeSpan(curve).from, 1),
    closures: curve.closures.length,
    cells: curve.cells.length,
  });
  let span = wholeSpan(curve);
  const draw = () => {
    const width = Math.floor(plot.clientWidth);
    if (width === 0) return;
    const layout = layOut(curve, span, { width, height: HEIGHT_PX });
    plot.replaceChildren(drawPlot(layout, { width, height: HEIGHT_PX }, description));
    strip.draw(layout, width);
  };
  const spans = spanButtons(curve, (chosen) => { span = chosen; draw(); });
  // Also draws when the plot is first attached to the page.
  new ResizeObserver(draw).observe(plot);
  return el(
    'section',
    { class: 'card curve' },
    title,
    el('p', { class: 'small' }, text('admin.curve.lead')),
    spans,
    legend(),
    plot,
    strip.element,
    cellTable(curve),
    gateTable(curve),
  );
}

/** @param {Curve} curve @param {(span: import('./curve.js').Span) => void} choose */
function spanButtons(curve, choose) {
  const closures = closureSpans(curve).map((span, index) => ({
    words: text('admin.curve.closure', { number: index + 1 }),
    span,
  }));
  const made = [{ words: text('admin.curve.whole'), span: wholeSpan(curve) }, ...closures].map(
    ({ words, span }, index) => {
      const one = button(
        words,
        () => {
          for (const other of made) setAttribute(other, 'aria-pressed', String(other === one));
          choose(span);
        },
        { 'aria-pressed': String(index === 0) },
      );
      return one;
    },
  );
  return el('div', { class: 'spans', role: 'group', 'aria-label': text('admin.curve.span') }, ...made);
}

function legend() {
  const entry = (/** @type {string} */ kind, /** @type {string} */ words) => el('li', { 'data-kind': kind }, words);
  return el('ul', { class: 'legend' },
    entry('left', text('admin.curve.left')), entry('right', text('admin.curve.right')),
    entry('scored', text('admin.curve.scored')),
    entry('closure', text('admin.curve.closures')), entry('fault', text('admin.curve.faults')));
}

/** @param {Curve} curve */
function cellTable(curve) {
  const rows = table(text('admin.curve.table'), [
    { words: text('admin.curve.cell'), number: true },
    { words: text('admin.curve.time'), number: true },
    { words: text('admin.figures.claimed'), number: true },
    { words: text('admin.figures.read'), number: true },
    { words: text('admin.figures.apart'), number: true },
  ], { isNarrow: true });
  curve.cells.forEach((cell, index) =>
    rows.add([
      String(index + 1),
      text('admin.curve.seconds', { seconds: seconds(cell.t) }),
      bothEyes(cell.claimed),
      bothEyes(cell.scored) ?? text('admin.curve.unread'),
      figure(apart(cell)),
    ]),
  );
  return el(
    'details',
    { class: 'more', id: 'cell-figures' },
    el('summary', {}, text('admin.curve.table')),
    rows.element,
  );
}

/** @param {Curve} curve */
function gateTable(curve) {
  const rows = table(
    text('admin.curve.gates'),
    [{ words: text('admin.curve.gate') }, { words: text('admin.curve.frames'), number: true }],
    { isNarrow: true },
  );
  for (const [gate, count] of gateCounts(curve)) rows.add([gate === null ? null : wordOf('gate', gate), String(count)]);
  return el('details', { class: 'more' }, el('summary', {}, text('admin.curve.gates')), rows.element);
}
