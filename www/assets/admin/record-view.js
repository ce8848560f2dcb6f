// @ts-check
/** The decision: what it was and why, and the figures that it rests on. */

import { el } from './elements.js';
import { hashOf } from './place.js';
import { statusTag } from './status.js';
import { facts } from './table.js';
import { figure, moment, seconds, text, wordOf } from './words.js';

/** @typedef {import('./types.js').WholeEvent} WholeEvent */

/** What was decided and about whom. @param {WholeEvent} event */
export function decisionView(event) {
  const near = event.review?.near_copies ?? [];
  return el('section', { class: 'card decision', 'data-status': event.status },
    el('p', { class: 'row' }, statusTag(event.status), event.review_state === null ? null : statusTag(event.review_state, 'review_state')),
    el('p', { class: 'lead strong' }, event.reason === null ? text('admin.event.verified') : wordOf('reason', event.reason)),
    near.length === 0 ? null : el('div', { class: 'message' }, el('p', {}, text('admin.event.marked')), el('ul', {}, ...near.map((id) => el('li', {}, el('a', { href: hashOf({ view: 'event', id }) }, text('admin.event.marked.other', { id })))))),
    facts([
      [text('admin.event.reason'), event.reason === null ? null : el('code', {}, event.reason)],
      [text('admin.event.when'), el('time', { datetime: event.created_at }, `${moment(event.created_at)} UTC`)],
      [text('admin.event.policy'), wordOf('policy', event.policy)],
      [text('admin.event.attempt'), String(event.attempt)],
      [text('admin.event.user'), event.user === null ? text('admin.event.user.gone') : statusTag(event.user.status)],
      [text('admin.event.id'), el('code', {}, event.id)],
      [text('admin.event.challenge'), el('code', {}, event.challenge_id)],
    ]));
}

/** The figures by name, and the record as it is. @param {WholeEvent} event */
export function recordView({ record, thresholds, engine }) {
  const of = (/** @type {number | null | undefined} */ value, digits = 3) => (typeof value === 'number' ? figure(value, digits) : null);
  return el('section', { class: 'card' },
    el('h2', {}, text('admin.record.title')),
    el('p', { class: 'small' }, text('admin.record.lead')),
    facts([
      [text('admin.record.thresholds'), thresholds],
      [text('admin.record.engine'), engine],
      [text('admin.record.models'), record?.['models']],
      [text('admin.record.key'), record?.['key'] ? wordOf('record.key', record['key']) : null],
      [text('admin.record.frames'), record?.['frames']?.toString()],
      [text('admin.record.closures'), record?.['closures']?.map((/** @type {import('./types.js').Closure} */ one) => text('admin.curve.seconds', { seconds: `${seconds(one.start_ms)}–${seconds(one.end_ms)}` })).join(', ')],
      [text('admin.record.likeness'), of(record?.['pair']?.likeness)],
      [text('admin.record.shape_distance'), of(record?.['pair']?.shape_distance)],
      [text('admin.record.overlaid'), of(record?.['pair']?.overlaid)],
      [text('admin.record.open_twin'), of(record?.['strip']?.open_twin?.likeness)],
      [text('admin.record.closed_twin'), of(record?.['strip']?.closed_twin?.likeness)],
      [text('admin.record.sharpness.open'), of(record?.['open']?.quality?.sharpness)],
      [text('admin.record.sharpness.closed'), of(record?.['closed']?.quality?.sharpness)],
      [text('admin.record.light.open'), of(record?.['open']?.quality?.light, 0)],
      [text('admin.record.light.closed'), of(record?.['closed']?.quality?.light, 0)],
    ]),
    el('details', { class: 'more' }, el('summary', {}, text('admin.record.all')), el('pre', { tabindex: 0, 'aria-label': text('admin.record.all') }, JSON.stringify(record, null, 2))));
}
