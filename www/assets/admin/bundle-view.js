// @ts-check
/** The bundle: everything one decision is based on, to repeat it offline. */

import { button, el } from './elements.js';
import { saveBy } from './saving.js';
import { text } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').WholeEvent} WholeEvent */

/** @param {WholeEvent} event @param {Desk} desk */
export function bundleView({ id, curve, open_capture_ref, closed_capture_ref, strip_ref }, desk) {
  const title = el('h2', {}, text('admin.bundle.title'));
  const isWhole = curve !== null && open_capture_ref !== null && closed_capture_ref !== null && strip_ref !== null;
  if (!isWhole) return el('section', { class: 'card' }, title, el('p', { class: 'small' }, text('admin.bundle.none')));
  if (!desk.may('captures')) {
    return el('section', { class: 'card' }, title, el('p', { class: 'small' }, text('admin.pictures.scope')));
  }

  const failed = el('p', { class: 'message', 'data-kind': 'problem', role: 'alert', hidden: true });
  const download = button(
    text('admin.bundle.download'),
    () => saveBy(download, failed, desk, () => desk.api.bundle(id)),
    { id: 'bundle' },
  );
  return el('section', { class: 'card' }, title,
    el('p', { class: 'small' }, text('admin.bundle.lead')),
    el('p', { class: 'row' }, download), failed,
    el('p', { class: 'small' }, text('admin.bundle.command')),
    el('pre', { class: 'commands', tabindex: 0, 'aria-label': text('admin.bundle.command') }, commands(id)));
}

/** The commands that repeat the decision from the saved file. @param {string} id */
export function commands(id) {
  return `tar -xf blinkgate-${id}.tar\nblinkgate verify-bundle blinkgate-${id}`;
}
