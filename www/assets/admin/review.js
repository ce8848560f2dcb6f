// @ts-check
/** Review: past decisions of operators about an event, and a new one with its note. */

import { requireElement, setText } from '../dom.js';
import { FormDialog } from './dialog.js';
import { button, el } from './elements.js';
import { statusTag } from './status.js';
import { moment, problemWords, text, wordOf } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */
/** @typedef {import('./types.js').WholeEvent} WholeEvent */

export class Reviewer {
  #dialog = new FormDialog('review');
  #note = requireElement('#review-note', HTMLTextAreaElement);

  /** @param {WholeEvent} event @param {Desk} desk @param {(words: string) => void} done called once it is saved */
  view(event, desk, done) {
    const past = event.reviews.map(({ decision, note, actor, at }) => el('li', { 'data-decision': decision },
      statusTag(decision === 'approve' ? 'approved' : 'declined', 'review_state'),
      note === null ? null : el('p', { class: 'note' }, note),
      el('p', { class: 'small' }, text('admin.review.by', { actor, at: moment(at) }))));
    const actions = event.user === null || !desk.may('review')
      ? el('p', { class: 'small' }, event.user === null ? text('admin.event.user.gone') : text('admin.review.scope'))
      : el('p', { class: 'row' },
        button(text('admin.review.approve'), () => this.#open('approve', event, desk, done), { id: 'approve' }),
        button(text('admin.review.decline'), () => this.#open('decline', event, desk, done), { id: 'decline' }));
    return el(
      'section',
      { class: 'card' },
      el('h2', {}, text('admin.review.title')),
      past.length === 0
        ? el('p', { class: 'small' }, text('admin.review.none'))
        : el('ol', { class: 'reviews' }, ...past),
      actions,
    );
  }

  close() {
    this.#dialog.close();
  }

  /**
   * @param {'approve' | 'decline'} decision @param {WholeEvent} event @param {Desk} desk
   * @param {(words: string) => void} done
   */
  #open(decision, event, desk, done) {
    const [title, words, action] =
      decision === 'approve'
        ? [
            text('admin.review.approve.title'),
            text('admin.review.approve.text', { email: event.email }),
            text('admin.review.approve.submit'),
          ]
        : [
            text('admin.review.decline.title'),
            text('admin.review.decline.text', { email: event.email }),
            text('admin.review.decline.submit'),
          ];
    setText(requireElement('#review-title', HTMLElement), title);
    setText(requireElement('#review-text', HTMLElement), words);
    this.#dialog.act(action, { isDangerous: decision === 'decline' });
    this.#note.value = '';
    this.#dialog.open(async () => {
      const note = this.#note.value.trim();
      if (note === '') return this.#dialog.complain(text('admin.review.note.missing'), this.#note);
      try {
        const { user } = await desk.api.review(event.id, decision, note);
        this.#dialog.close();
        done(text('admin.review.done', { email: event.email, status: wordOf('status', user.status) }));
      } catch (error) {
        const problem = desk.problemOf(error);
        if (problem === null) this.#dialog.close();
        else this.#dialog.complain(problemWords(problem));
      }
    });
    this.#note.focus();
  }
}
