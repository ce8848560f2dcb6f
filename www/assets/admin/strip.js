// @ts-check
/** The strip below the plot: each cell with a line up to its moment, numbered as in the table; its pictures once asked for. */

import { setAttribute } from '../dom.js';
import { el, svg } from './elements.js';
import { picturePlace } from './pictures.js';
import { CELL_PX, layOutCells } from './plot-layout.js';
import { seconds, text } from './words.js';

/** @typedef {import('./types.js').Curve} Curve */
/** @typedef {ReturnType<typeof import('./plot-layout.js').layOut>} Layout */

/** Cells in a row of the sheet that is kept (`engine/src/strip`). */
const SHEET_COLUMNS = 6;

/** Below this side cells stand in rows of their own, without lines. */
const LEAST_CELL_PX = 30;

const LEADERS_PX = 26;

/** @param {import('./types.js').WholeEvent} event @param {Curve} curve @param {import('./types.js').Desk} desk */
export function stripView(event, curve, desk) {
  const cells = curve.cells.map(({ t }, index) => {
    const number = index + 1;
    const canvas = el('canvas', { width: CELL_PX, height: CELL_PX, role: 'img', 'aria-label': text('admin.pictures.cell.alt', { number, seconds: seconds(t) }), hidden: true });
    return { number, canvas, item: el('li', { 'data-cell': number }, canvas, el('span', { class: 'number' }, String(number))) };
  });
  const leaders = el('div', { class: 'leaders' });
  const row = el('ol', { class: 'cells', 'aria-label': text('admin.pictures.strip') }, ...cells.map(({ item }) => item));

  return {
    element: el('div', { class: 'strip' }, leaders, row, askFor(event, cells, desk)),
    /** Puts the cells under what the plot shows. @param {Layout} layout @param {number} width */
    draw(layout, width) {
      const { side, leaders: lines } = layOutCells(layout.cells, width);
      const fits = side >= LEAST_CELL_PX;
      const shown = new Set(layout.cells.map(({ number }) => number));
      for (const { number, item } of cells) item.hidden = !shown.has(number);
      setAttribute(row, 'data-rows', fits ? null : '');
      row.style.setProperty('--side', `${side}px`);
      leaders.replaceChildren(...(fits ? [svg('svg', { width, height: LEADERS_PX, viewBox: `0 0 ${width} ${LEADERS_PX}`, 'aria-hidden': 'true' }, ...lines.map(({ from, to }) => svg('path', { d: `M${from} 0L${to} ${LEADERS_PX}` })))] : []));
    },
  };
}

/**
 * What asks for the pictures, or says why there are none.
 * @param {import('./types.js').WholeEvent} event @param {{number: number, canvas: HTMLCanvasElement}[]} cells @param {import('./types.js').Desk} desk
 */
function askFor({ strip_ref: reference }, cells, desk) {
  const lead = el('p', { class: 'small' }, text('admin.pictures.strip.lead', { cells: cells.length }));
  if (reference === null || !desk.may('captures')) return lead;
  /** Whether the pictures stand in the cells. @param {boolean} are */
  const shown = (are) => { for (const { canvas } of cells) canvas.hidden = !are; };
  const place = picturePlace(desk, reference, {
    title: text('admin.pictures.strip'),
    ask: text('admin.pictures.show_strip'),
    show: (sheet) => {
      for (const { number, canvas } of cells) {
        const [x, y] = [(number - 1) % SHEET_COLUMNS, Math.floor((number - 1) / SHEET_COLUMNS)];
        canvas.getContext('2d')?.drawImage(sheet, x * CELL_PX, y * CELL_PX, CELL_PX, CELL_PX, 0, 0, CELL_PX, CELL_PX);
      }
      shown(true);
      return lead;
    },
    hide: () => {
      for (const { canvas } of cells) canvas.getContext('2d')?.clearRect(0, 0, CELL_PX, CELL_PX);
      shown(false);
    },
  });
  return place;
}
