// @ts-check
/** One event: the decision, its evidence, and what an operator may do about it. */

import { requireElement, setText } from '../dom.js';
import { bundleView } from './bundle-view.js';
import { capturesView } from './captures-view.js';
import { curveView } from './curve-view.js';
import { button, el } from './elements.js';
import { decisionView, recordView } from './record-view.js';
import { Reviewer } from './review.js';
import { timelineView } from './timeline.js';
import { text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').WholeEvent} WholeEvent */

export class EventView {
  #reviewer = new Reviewer();
  #title = requireElement('#event-title', HTMLElement);
  #root = requireElement('#event', HTMLElement);

  /**
   * Loads the event, then shows it.
   * @param {Desk} desk @param {string} id @param {AbortSignal} signal
   * @param {{changed: (words: string) => void, erase: (email: string) => void}} on `changed`: the event must be loaded
   *   again
   */
  async show(desk, id, signal, { changed, erase }) {
    const event = await desk.api.event(id, { signal });
    setText(this.#title, text('admin.event.title', { status: wordOf('status', event.status), email: event.email }));
    const erases =
      event.user !== null && desk.may('erase')
        ? el(
            'p',
            { class: 'row' },
            button(text('admin.erase.open'), () => erase(event.email), { id: 'erase-this' }),
          )
        : null;
    this.#root.replaceChildren(
      decisionView(event),
      el(
        'div',
        { class: 'columns' },
        el('div', { class: 'column' }, curveView(event, desk), capturesView(event, desk), recordView(event)),
        el(
          'div',
          { class: 'column side' },
          this.#reviewer.view(event, desk, changed),
          timelineView(event),
          bundleView(event, desk),
          erases,
        ),
      ),
    );
  }

  stop() {
    this.#reviewer.close();
    this.#root.replaceChildren();
    setText(this.#title, '');
  }
}
