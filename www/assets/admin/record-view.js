// @ts-check
/** The decision, its reason, and the figures it is based on. */

import { el } from './elements.js';
import { hashOf } from './route.js';
import { statusTag } from './status.js';
import { facts } from './table.js';
import { figure, moment, seconds, text, wordOf } from './words.js';

/** @typedef {import('./types.js').WholeEvent} WholeEvent */
/** @typedef {import('./types.js').DecisionRecord} DecisionRecord */

/** The decision and whom it concerns. @param {WholeEvent} event */
export function decisionView(event) {
  const { near_copies: near = [], signals = [] } = event.review ?? {};
  return el(
    'section',
    { class: 'card decision', 'data-status': event.status },
    el(
      'p',
      { class: 'row' },
      statusTag(event.status),
      event.review_state === null ? null : statusTag(event.review_state, 'review_state'),
    ),
    el(
      'p',
      { class: 'lead strong' },
      event.reason === null ? text('admin.event.verified') : wordOf('reason', event.reason),
    ),
    signals.length === 0
      ? null
      : el(
          'div',
          { class: 'message' },
          el('p', {}, text('admin.event.signals')),
          el('ul', {}, ...signals.map((signal) => el('li', {}, wordOf('event.signal', signal)))),
        ),
    near.length === 0
      ? null
      : el(
          'div',
          { class: 'message' },
          el('p', {}, text('admin.event.marked')),
          el(
            'ul',
            {},
            ...near.map((id) =>
              el('li', {}, el('a', { href: hashOf({ view: 'event', id }) }, text('admin.event.marked.other', { id }))),
            ),
          ),
        ),
    facts([
      [text('admin.event.reason'), event.reason === null ? null : el('code', {}, event.reason)],
      [text('admin.event.when'), el('time', { datetime: event.created_at }, `${moment(event.created_at)} UTC`)],
      [text('admin.event.policy'), wordOf('policy', event.policy)],
      [text('admin.event.attempt'), String(event.attempt)],
      [text('admin.event.user'), event.user === null ? text('admin.event.user.gone') : statusTag(event.user.status)],
      [text('admin.event.id'), el('code', {}, event.id)],
      [text('admin.event.challenge'), el('code', {}, event.challenge_id)],
    ]),
  );
}

/**
 * The figures of a record, none if it is damaged.
 * @param {DecisionRecord} record @returns {Exclude<DecisionRecord, string>}
 */
export function figuresOf(record) {
  return typeof record === 'object' && record !== null ? record : {};
}

/**
 * Where nine of ten honest attempts with prompts lay (docs/attacks.md).
 * @type {Record<'sameness' | 'wobble' | 'depth', [number, number]>}
 */
const USUAL = { sameness: [0.774, 0.994], wobble: [0.008, 0.045], depth: [0.029, 0.064] };

/** The figures by name, and the raw record. @param {WholeEvent} event */
export function recordView({ record, thresholds, engine, policy }) {
  const { models, key, frames, closures, pair, strip, open, closed } = figuresOf(record);
  const { counted, uncounted, left, tone_guided_asked: toneGuidedAsked, handoff, timeout_s: time } = figuresOf(record);
  // A single blink has no usual range: its cells follow each other too closely.
  const signal = policy === 'natural' ? (/** @type {unknown} */ value) => known(value) : besideUsual;
  return el('section', { class: 'card' },
    el('h2', {}, text('admin.record.title')),
    el('p', { class: 'small' }, text('admin.record.lead')),
    facts([
      [text('admin.record.counted'), countedText(counted, uncounted)],
      [text('admin.record.left'), left ? wordOf('record.left', left) : null],
      [text('admin.record.tones'), toneGuidedAsked === true ? text('admin.record.tones.asked') : null],
      [text('admin.record.time'), time ? text('admin.record.time.seconds', { count: time }) : null],
      [text('admin.record.handoff'), handoff ? wordOf('record.handoff', handoff) : null],
      [text('admin.record.thresholds'), thresholds],
      [text('admin.record.engine'), engine],
      [text('admin.record.models'), models],
      [text('admin.record.key'), key ? wordOf('record.key', key) : null],
      [text('admin.record.frames'), frames?.toString()],
      [text('admin.record.closures'), closures?.map(spanOf).join(', ')],
      [text('admin.record.likeness'), known(pair?.likeness)],
      [text('admin.record.shape_distance'), known(pair?.shape_distance)],
      [text('admin.record.overlaid'), known(pair?.overlaid)],
      [text('admin.record.open_twin'), known(strip?.open_twin?.likeness)],
      [text('admin.record.closed_twin'), known(strip?.closed_twin?.likeness)],
      [text('admin.record.sameness'), signal(strip?.signals?.sameness, USUAL.sameness)],
      [text('admin.record.wobble'), signal(strip?.signals?.wobble, USUAL.wobble)],
      [text('admin.record.depth'), signal(strip?.turn?.residual, USUAL.depth)],
      [text('admin.record.sharpness.open'), known(open?.quality?.['sharpness'])],
      [text('admin.record.sharpness.closed'), known(closed?.quality?.['sharpness'])],
      [text('admin.record.light.open'), known(open?.quality?.['light'], 0)],
      [text('admin.record.light.closed'), known(closed?.quality?.['light'], 0)],
    ]),
    rawRecord(record));
}

/** Whether a failed attempt counted, and why not. @param {unknown} counted @param {string | undefined} uncounted */
function countedText(counted, uncounted) {
  if (counted === true) return text('admin.record.counted.yes');
  return uncounted ? wordOf('record.uncounted', uncounted) : null;
}

/** @param {import('./types.js').Closure} closure */
function spanOf({ start_ms, end_ms }) {
  return text('admin.curve.seconds', { seconds: `${seconds(start_ms)}–${seconds(end_ms)}` });
}

/** A figure, or null if the record lacks it. @param {unknown} value @param {number} [digits] */
function known(value, digits = 3) {
  return typeof value === 'number' ? figure(value, digits) : null;
}

/**
 * A figure and its usual range, or null if the record lacks it.
 * @param {unknown} value @param {[number, number]} usual
 */
function besideUsual(value, [from, to]) {
  const shown = known(value);
  return shown === null ? null : text('admin.record.usual', { value: shown, from: figure(from, 3), to: figure(to, 3) });
}

/** @param {DecisionRecord} record */
function rawRecord(record) {
  const title = text('admin.record.all');
  const json = el('pre', { tabindex: 0, 'aria-label': title }, JSON.stringify(record, null, 2));
  return el('details', { class: 'more' }, el('summary', {}, title), json);
}
