// @ts-check
/** Elements that must be there, found by id or selector. */

/**
 * The element, which must be of the given kind: a page without it is a mistake of ours.
 * @template {Element} T @param {string} selector @param {new () => T} kind @param {ParentNode} [root] @returns {T}
 */
export function the(selector, kind, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`no ${kind.name} at ${selector}`);
  return found;
}

/** Writes only what changed, so that nothing is announced twice. @param {Element} element @param {string} value */
export function setText(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Sets an attribute, or takes it away where `value` is null. @param {Element} element @param {string} name @param {string | null} value */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
