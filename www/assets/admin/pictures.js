// @ts-check
/** Pictures of a person: loaded only when an operator asks for one, since every view is recorded. */

import { button, el, icon } from './elements.js';
import { problemWords, text } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */

/**
 * A slot for one picture. `show` gets the loaded picture and returns what to display; `hide` is called when the picture
 * is hidden again.
 * @param {Desk} desk @param {string} reference
 * @param {{title: string, ask: string, show: (image: HTMLImageElement) => HTMLElement, hide?: () => void}} options
 */
export function pictureSlot(desk, reference, { title, ask, show, hide: onHide = () => {} }) {
  const slot = el('div', { class: 'picture', 'data-reference': reference });

  /** @param {string | null} [problem] */
  const hide = (problem = null) => {
    const asks = button(ask, load, { 'aria-label': `${ask}: ${title}` });
    const veil = el('div', { class: 'veil' }, icon('face'), asks);
    slot.dataset['state'] = 'hidden';
    slot.replaceChildren(
      veil,
      ...(problem === null ? [] : [el('p', { class: 'message', 'data-kind': 'problem', role: 'alert' }, problem)]),
    );
    return asks;
  };

  const load = async () => {
    slot.dataset['state'] = 'loading';
    const asks = slot.querySelector('button');
    asks?.setAttribute('aria-disabled', 'true');
    try {
      const { blob } = await desk.api.picture(reference);
      const image = await imageOf(blob);
      const hides = button(text('admin.pictures.hide'), () => {
        onHide();
        hide().focus();
        desk.say(text('admin.pictures.hidden', { picture: title }));
      }, { 'aria-label': `${text('admin.pictures.hide')}: ${title}` });
      const hadFocus = slot.contains(document.activeElement);
      slot.replaceChildren(show(image), hides);
      slot.dataset['state'] = 'shown';
      if (hadFocus) hides.focus();
      desk.say(text('admin.pictures.shown', { picture: title }));
    } catch (error) {
      const problem = desk.problemOf(error);
      if (problem !== null) hide(problemWords(problem)).focus();
    }
  };

  hide();
  return slot;
}

/** The decoded picture; nothing else keeps its bytes. @param {Blob} blob @returns {Promise<HTMLImageElement>} */
async function imageOf(blob) {
  const url = URL.createObjectURL(blob);
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}
