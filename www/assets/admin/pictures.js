// @ts-check
/** Pictures of a person: loaded when somebody asks to see one, and not before, since every look is written down. */

import { button, el, icon } from './elements.js';
import { problemWords, text } from './words.js';

/** @typedef {import('./types.js').Desk} Desk */

/**
 * A place for one picture. `show` is given the loaded picture and returns what stands there then; `hide` is called when it is to
 * be seen no more.
 * @param {Desk} desk @param {string} reference
 * @param {{title: string, ask: string, show: (image: HTMLImageElement) => HTMLElement, hide?: () => void}} options
 */
export function picturePlace(desk, reference, { title, ask, show, hide: hidden = () => {} }) {
  const place = el('div', { class: 'picture', 'data-reference': reference });

  /** @param {string | null} [problem] */
  const hide = (problem = null) => {
    const asks = button(ask, load, { 'aria-label': `${ask}: ${title}` });
    const veil = el('div', { class: 'veil' }, icon('face'), asks);
    place.dataset['state'] = 'hidden';
    place.replaceChildren(veil, ...(problem === null ? [] : [el('p', { class: 'message', 'data-kind': 'problem', role: 'alert' }, problem)]));
    return asks;
  };

  const load = async () => {
    place.dataset['state'] = 'loading';
    const asks = place.querySelector('button');
    asks?.setAttribute('aria-disabled', 'true');
    try {
      const { blob } = await desk.api.picture(reference);
      const image = await imageOf(blob);
      const hides = button(text('admin.pictures.hide'), () => {
        hidden();
        hide().focus();
        desk.say(text('admin.pictures.hidden', { picture: title }));
      }, { 'aria-label': `${text('admin.pictures.hide')}: ${title}` });
      const hadFocus = place.contains(document.activeElement);
      place.replaceChildren(show(image), hides);
      place.dataset['state'] = 'shown';
      if (hadFocus) hides.focus();
      desk.say(text('admin.pictures.shown', { picture: title }));
    } catch (error) {
      const problem = desk.problemOf(error);
      if (problem !== null) hide(problemWords(problem)).focus();
    }
  };

  hide();
  return place;
}

/** The decoded picture; its bytes are kept by nothing else. @param {Blob} blob @returns {Promise<HTMLImageElement>} */
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
