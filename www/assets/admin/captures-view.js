// @ts-check
/** The two captures, hidden until requested, and their readings: as claimed and by the server. */

import { el } from './elements.js';
import { pictureSlot } from './pictures.js';
import { figuresOf } from './record-view.js';
import { table } from './table.js';
import { bothEyes, moment, text } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').WholeEvent} WholeEvent */

/** @param {WholeEvent} event @param {Desk} desk */
export function capturesView(event, desk) {
  return el(
    'section',
    { class: 'card' },
    el('h2', {}, text('admin.pictures.title')),
    ...pictures(event, desk),
    figures(event),
  );
}

/** @param {WholeEvent} event @param {Desk} desk */
function pictures({ open_capture_ref: open, closed_capture_ref: closed, captures_removed_at: removed }, desk) {
  if (removed !== null) return [el('p', {}, text('admin.pictures.removed', { at: moment(removed) }))];
  if (open === null || closed === null) return [el('p', {}, text('admin.pictures.none'))];
  if (!desk.may('captures')) return [el('p', {}, text('admin.pictures.scope'))];
  const slots = [
    { reference: open, title: text('admin.pictures.open'), alt: text('admin.pictures.open.alt') },
    { reference: closed, title: text('admin.pictures.closed'), alt: text('admin.pictures.closed.alt') },
  ].map(({ reference, title, alt }) => el('figure', {}, el('figcaption', {}, title), pictureSlot(desk, reference, {
    title,
    ask: text('admin.pictures.show'),
    show: (image) => Object.assign(image, { alt }),
  })));
  return [el('p', { class: 'small' }, text('admin.pictures.lead')), el('div', { class: 'captures' }, ...slots)];
}

/** @param {WholeEvent} event */
function figures({ record }) {
  const { open, open_claimed, closed, closed_claimed } = figuresOf(record);
  const captures = [
    { words: text('admin.pictures.open'), claimed: open_claimed, scored: open?.ears },
    { words: text('admin.pictures.closed'), claimed: closed_claimed, scored: closed?.ears },
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
