// @ts-check
/** Tables that become cards on a phone: each cell carries its column's label. */

import { el } from './elements.js';
import { text } from './words.js';

/** @typedef {import('./elements.js').Children} Children */
/** @typedef {{words: string, sort?: 'descending', number?: boolean}} Column */

/**
 * A table with a caption for screen readers. Roles are explicit, since a table laid out as cards loses its implicit
 * ones.
 * @param {string} caption @param {readonly Column[]} columns
 * @param {{isNarrow?: boolean}} [options] `isNarrow`: it fits a phone unchanged
 */
export function table(caption, columns, { isNarrow = false } = {}) {
  const head = columns.map(({ words, sort, number }) =>
    el('th', { scope: 'col', role: 'columnheader', 'aria-sort': sort ?? null, 'data-number': number ?? false }, words),
  );
  const body = el('tbody', { role: 'rowgroup' });
  const made = el('table', { role: 'table', class: isNarrow ? 'figures' : 'cards' },
    el('caption', { class: 'heard' }, caption),
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...head)),
    body);
  return {
    element: made,
    body,
    /**
     * Adds a row with one cell per column; null for an empty cell.
     * @param {Children} cells @param {import('./elements.js').Attributes} [attributes]
     */
    add(cells, attributes = {}) {
      const row = el('tr', { role: 'row', ...attributes });
      row.append(...columns.map(({ words, number }, index) => {
        const cell = cells[index] ?? null;
        return el(
          'td',
          { role: 'cell', 'data-label': words, 'data-number': number ?? false, 'data-empty': cell === null },
          cell ?? text('admin.none'),
        );
      }));
      body.append(row);
      return row;
    },
  };
}

/**
 * Names and values; pairs without a value are omitted.
 * @param {readonly [name: string, value: Node | string | null | undefined][]} pairs
 */
export function facts(pairs) {
  const list = el('dl', { class: 'pairs' });
  for (const [name, value] of pairs) {
    if (value !== null && value !== undefined && value !== '') {
      list.append(el('div', {}, el('dt', {}, name), el('dd', {}, value)));
    }
  }
  return list;
}
