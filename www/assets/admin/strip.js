// @ts-check
/** The strip below the plot: numbered cells, each with a line up to its moment, and their pictures once requested. */

import { setAttribute } from '../dom.js';
import { el, svg } from './elements.js';
import { pictureSlot } from './pictures.js';
import { CELL_PX, layOutCells } from './plot-layout.js';
import { seconds, text } from './words.js';

/** @typedef {import('./types.js').Curve} Curve */
/** @typedef {ReturnType<typeof import('./plot-layout.js').layOut>} Layout */

/** Cells per row of an old sheet, whose cells do not say where they are. */
const OLD_COLUMNS = 6;

/** Cells smaller than this would be unreadable: they wrap into rows instead, without lines. */
const LEAST_CELL_PX = 30;

const LEADERS_PX = 26;

/** @param {import('./types.js').WholeEvent} event @param {Curve} curve @param {import('./types.js').Desk} desk */
export function stripView(event, curve, desk) {
  const cells = curve.cells.map(({ t, place }, index) => {
    const number = index + 1;
    const canvas = el('canvas', {
      width: CELL_PX,
      height: CELL_PX,
      role: 'img',
      'aria-label': text('admin.pictures.cell.alt', { number, seconds: seconds(t) }),
      hidden: true,
    });
    return {
      number,
      row: place?.[0] ?? Math.floor(index / OLD_COLUMNS),
      column: place?.[1] ?? index % OLD_COLUMNS,
      canvas,
      item: el('li', { 'data-cell': number }, canvas, el('span', { class: 'number' }, String(number))),
    };
  });
  const leaders = el('div', { class: 'leaders' });
  const row = el(
    'ol',
    { class: 'cells', 'aria-label': text('admin.pictures.strip') },
    ...cells.map(({ item }) => item),
  );

  return {
    element: el('div', { class: 'strip' }, leaders, row, askFor(event, cells, desk)),
    /** Arranges the cells below the plot. @param {Layout} layout @param {number} width */
    draw(layout, width) {
      const { side, leaders: lines } = layOutCells(layout.cells, width);
      const fits = side >= LEAST_CELL_PX;
      const shown = new Set(layout.cells.map(({ number }) => number));
      for (const { number, item } of cells) item.hidden = !shown.has(number);
      setAttribute(row, 'data-rows', fits ? null : '');
      row.style.setProperty('--side', `${side}px`);
      leaders.replaceChildren(
        ...(fits
          ? [
              svg(
                'svg',
                { width, height: LEADERS_PX, viewBox: `0 0 ${width} ${LEADERS_PX}`, 'aria-hidden': 'true' },
                ...lines.map(({ from, to }) => svg('path', { d: `M${from} 0L${to} ${LEADERS_PX}` })),
              ),
            ]
          : []),
      );
    },
  };
}

/**
 * The slot that loads the pictures, or the reason why there are none.
 * @param {import('./types.js').WholeEvent} event
 * @param {{row: number, column: number, canvas: HTMLCanvasElement}[]} cells
 * @param {import('./types.js').Desk} desk
 */
function askFor({ strip_ref: reference }, cells, desk) {
  const lead = el('p', { class: 'small' }, text('admin.pictures.strip.lead', { cells: cells.length }));
  if (reference === null || !desk.may('captures')) return lead;
  /** @param {boolean} visible */
  const showPictures = (visible) => { for (const { canvas } of cells) canvas.hidden = !visible; };
  return pictureSlot(desk, reference, {
    title: text('admin.pictures.strip'),
    ask: text('admin.pictures.show_strip'),
    show: (sheet) => {
      for (const { row, column, canvas } of cells) {
        const [left, top] = [column * CELL_PX, row * CELL_PX];
        canvas.getContext('2d')?.drawImage(sheet, left, top, CELL_PX, CELL_PX, 0, 0, CELL_PX, CELL_PX);
      }
      showPictures(true);
      return lead;
    },
    hide: () => {
      for (const { canvas } of cells) canvas.getContext('2d')?.clearRect(0, 0, CELL_PX, CELL_PX);
      showPictures(false);
    },
  });
}
