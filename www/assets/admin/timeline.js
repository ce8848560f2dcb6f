// @ts-check
/** What happened to an attempt, from the challenge to what operators said of it. */

import { el } from './elements.js';
import { moment, seconds, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Moment} Moment */

/** A day later nobody counts in seconds. */
const DAY_MS = 86_400_000;

/** @param {import('./types.js').WholeEvent} event */
export function timelineView({ timeline }) {
  const start = timeline[0]?.at ?? '';
  const items = timeline.map((one) => {
    const about = aboutOf(one);
    return el('li', { 'data-what': one.what },
      el('time', { datetime: one.at }, timeOf(one.at, start)),
      el('p', {}, el('span', { class: 'strong' }, wordOf('timeline', one.what)), about === null ? null : el('span', { class: 'small' }, about)));
  });
  return el('section', { class: 'card' }, el('h2', {}, text('admin.timeline.title')), el('p', { class: 'small' }, text('admin.timeline.from', { at: moment(start) })), el('ol', { class: 'timeline' }, ...items));
}

/** Seconds after the beginning, or the moment itself where that is long after. @param {string} at @param {string} start */
export function timeOf(at, start) {
  const after_ms = Date.parse(at) - Date.parse(start);
  return after_ms < DAY_MS ? text('admin.timeline.after', { seconds: seconds(after_ms, 1) }) : moment(at);
}

/** What is told beside its word. @param {Moment} moment */
export function aboutOf({ what, step, gesture, outcome, policy, status, decision, actor }) {
  if (what === 'challenge_issued') return policy === undefined ? null : wordOf('policy', String(policy));
  if (what === 'cue_shown') return text('admin.timeline.step', { step: Number(step) + 1, gesture: wordOf('gesture', String(gesture)) });
  if (what === 'cue_committed') return wordOf('outcome', String(outcome));
  if (what === 'decided') return wordOf('status', String(status));
  if (what === 'reviewed') return text('admin.timeline.by', { decision: wordOf('decision', String(decision)), actor: String(actor) });
  return null;
}
