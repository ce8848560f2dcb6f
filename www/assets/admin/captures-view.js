// @ts-check
/** The two captures, hidden until somebody asks, and what is read of them: as claimed and by the server. */

import { el } from './elements.js';
import { picturePlace } from './pictures.js';
import { table } from './table.js';
import { bothEyes, moment, text } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').WholeEvent} WholeEvent */

/** @param {WholeEvent} event @param {Desk} desk */
export function capturesView(event, desk) {
  return el('section', { class: 'card' }, el('h2', {}, text('admin.pictures.title')), ...pictures(event, desk), figures(event));
}

/** @param {WholeEvent} event @param {Desk} desk */
function pictures({ open_capture_ref: open, closed_capture_ref: closed, captures_removed_at: removed }, desk) {
  if (removed !== null) return [el('p', {}, text('admin.pictures.removed', { at: moment(removed) }))];
  if (open === null || closed === null) return [el('p', {}, text('admin.pictures.none'))];
  if (!desk.may('captures')) return [el('p', {}, text('admin.pictures.scope'))];
  const places = [
    { reference: open, title: text('admin.pictures.open'), alt: text('admin.pictures.open.alt') },
    { reference: closed, title: text('admin.pictures.closed'), alt: text('admin.pictures.closed.alt') },
  ].map(({ reference, title, alt }) => el('figure', {}, el('figcaption', {}, title), picturePlace(desk, reference, {
    title,
    ask: text('admin.pictures.show'),
    show: (image) => Object.assign(image, { alt }),
  })));
  return [el('p', { class: 'small' }, text('admin.pictures.lead')), el('div', { class: 'captures' }, ...places)];
}

/** @param {WholeEvent} event */
function figures({ record }) {
  const captures = [
    { words: text('admin.pictures.open'), claimed: record?.['open_claimed'], scored: record?.['open']?.ears },
    { words: text('admin.pictures.closed'), claimed: record?.['closed_claimed'], scored: record?.['closed']?.ears },
  ].filter(({ claimed, scored }) => claimed || scored);
  if (captures.length === 0) return null;
  const rows = table(text('admin.pictures.table'), [
    { words: text('admin.pictures.capture') },
    { words: text('admin.figures.claimed'), number: true },
    { words: text('admin.figures.read'), number: true },
  ], { isNarrow: true });
  for (const { words, claimed, scored } of captures) rows.add([words, bothEyes(claimed), bothEyes(scored)]);
  return rows.element;
}
