// @ts-check
/** Finds elements that must exist, and updates them without needless changes. */

/**
 * The element at `selector`, which must exist and be of this kind: a page without it is a bug.
 * @template {Element} T @param {string} selector @param {new () => T} kind @param {ParentNode} [root] @returns {T}
 */
export function requireElement(selector, kind, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} at ${selector}`);
  return found;
}

/** Sets the text if it differs, so that nothing is announced twice. @param {Element} element @param {string} value */
export function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * Sets an attribute, or removes it if `value` is null.
 * @param {Element} element @param {string} name @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
