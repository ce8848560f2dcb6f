// @ts-check
/** Looks texts up in the catalogue: language choice, placeholders, plurals, and the elements marked `data-text`. */

import { CATALOGUES } from './texts.js';

const FALLBACK = 'en';
const RIGHT_TO_LEFT = new Set(['ar', 'dv', 'fa', 'ha', 'he', 'ks', 'ku', 'ps', 'ur', 'yi']);

/** The first of the `wanted` language tags that there is a catalogue for.
 * @param {readonly string[]} wanted @returns {string} */
export function chooseLanguage(wanted) {
  const known = wanted.flatMap((tag) => [tag, tag.split('-')[0] ?? tag]).find((tag) => Object.hasOwn(CATALOGUES, tag));
  return known ?? FALLBACK;
}

/** @param {string} language @returns {'ltr' | 'rtl'} */
export function directionOf(language) {
  return RIGHT_TO_LEFT.has(language.split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

/** The language of this browser. @returns {string} */
function current() {
  return chooseLanguage(globalThis.navigator?.languages ?? []);
}

/** Whether there is a text under this key. @param {string} key */
export function hasText(key) {
  return Object.hasOwn(CATALOGUES[FALLBACK] ?? {}, key);
}

/**
 * The text under `key`, its `{placeholders}` filled in. A missing key is returned as it is: seen at once, breaks nothing.
 * @param {string} key @param {Record<string, string | number>} [values] @param {string} [language]
 */
export function text(key, values = {}, language = current()) {
  const found = CATALOGUES[language]?.[key] ?? CATALOGUES[FALLBACK]?.[key] ?? key;
  return found.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** The plural form of `key` for `count`. @param {string} key @param {number} count @param {string} [language] */
export function plural(key, count, language = current()) {
  const form = `${key}.${new Intl.PluralRules(language).select(count)}`;
  return text(hasText(form) ? form : `${key}.other`, { count }, language);
}

/** A size for people: kB up to one megabyte, then MB with one decimal. @param {number} bytes */
export function sizeText(bytes) {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Puts the chosen language into a page that was written in English. @param {Document} page */
export function localize(page) {
  const language = current();
  page.documentElement.lang = language;
  page.documentElement.dir = directionOf(language);
  if (language === FALLBACK) return;
  for (const element of page.querySelectorAll('[data-text]')) {
    element.textContent = text(element.getAttribute('data-text') ?? '', {}, language);
  }
  for (const element of page.querySelectorAll('[data-text-label]')) {
    element.setAttribute('aria-label', text(element.getAttribute('data-text-label') ?? '', {}, language));
  }
}
