// @ts-check
/** Creates elements. Content is always inserted as text, never as HTML: addresses and notes are written by others. */

const SVG = 'http://www.w3.org/2000/svg';

/** Next to this module's folder, whatever its address. */
const ICONS_FILE = new URL('../icons.svg', import.meta.url).pathname;

/**
 * @typedef {Record<string, string | number | boolean | null>} Attributes null and false omit the attribute, true sets
 *   it to the empty string
 */
/** @typedef {(Node | string | null)[]} Children */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Attributes} [attributes] @param {Children} children @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Attributes} [attributes] @param {Children} children @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  return /** @type {SVGElementTagNameMap[T]} */ (filled(document.createElementNS(SVG, tag), attributes, children));
}

/** A symbol of icons.svg, next to words with the same meaning. @param {string} id */
export function icon(id) {
  return svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `${ICONS_FILE}#${id}` }));
}

/** A button that submits nothing. @param {string} words @param {() => void} work @param {Attributes} [attributes] */
export function button(words, work, attributes = {}) {
  const made = el('button', { type: 'button', class: 'button', 'data-kind': 'quiet', ...attributes }, words);
  made.addEventListener('click', work);
  return made;
}

/** @template {Element} E @param {E} element @param {Attributes} attributes @param {Children} children @returns {E} */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
