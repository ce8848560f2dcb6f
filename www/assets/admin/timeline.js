// @ts-check
/** The history of an attempt, from the challenge to the reviews of operators. */

import { el } from './elements.js';
import { moment, seconds, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Moment} Moment */

/** After a day, times are shown as dates instead of seconds. */
const DAY_MS = 86_400_000;

/** @param {import('./types.js').WholeEvent} event */
export function timelineView({ timeline }) {
  const start = timeline[0]?.at ?? '';
  const items = timeline.map((one) => {
    const about = aboutOf(one);
    return el(
      'li',
      { 'data-what': one.what },
      el('time', { datetime: one.at }, timeOf(one.at, start)),
      el(
        'p',
        {},
        el('span', { class: 'strong' }, wordOf('timeline', one.what)),
        about === null ? null : el('span', { class: 'small' }, about),
      ),
    );
  });
  return el(
    'section',
    { class: 'card' },
    el('h2', {}, text('admin.timeline.title')),
    el('p', { class: 'small' }, text('admin.timeline.from', { at: moment(start) })),
    el('ol', { class: 'timeline' }, ...items),
  );
}

/** Seconds since the start, or the date if that is long ago. @param {string} at @param {string} start */
export function timeOf(at, start) {
  const after_ms = Date.parse(at) - Date.parse(start);
  return after_ms < DAY_MS ? text('admin.timeline.after', { seconds: seconds(after_ms, 1) }) : moment(at);
}

/** The details shown beside the moment's name. @param {Moment} moment */
export function aboutOf(moment) {
  switch (moment.what) {
    case 'challenge_issued': return moment.policy === undefined ? null : wordOf('policy', moment.policy);
    case 'cue_shown':
      return text('admin.timeline.step', { step: moment.step + 1, gesture: wordOf('gesture', moment.gesture) });
    case 'cue_committed': return wordOf('outcome', moment.outcome);
    case 'decided': return wordOf('status', moment.status);
    case 'reviewed':
      return text('admin.timeline.by', { decision: wordOf('decision', moment.decision), actor: moment.actor });
    default: return null;
  }
}
