// @ts-check
/** Looks up texts in a catalogue: language choice, placeholders, plurals, and elements marked `data-text`. */

import { CATALOGUES } from './texts.js';

const FALLBACK = 'en';
const RIGHT_TO_LEFT = new Set(['ar', 'dv', 'fa', 'ha', 'he', 'ks', 'ku', 'ps', 'ur', 'yi']);

/**
 * @typedef {Readonly<Record<string, import('./texts.js').Catalogue>>} Catalogues catalogues by language tag, including
 *   English
 */

/** The first of the `wanted` language tags that has a catalogue.
 * @param {readonly string[]} wanted @param {Catalogues} [catalogues] @returns {string} */
export function chooseLanguage(wanted, catalogues = CATALOGUES) {
  const known = wanted.flatMap((tag) => [tag, tag.split('-')[0] ?? tag]).find((tag) => Object.hasOwn(catalogues, tag));
  return known ?? FALLBACK;
}

/** @param {string} language @returns {'ltr' | 'rtl'} */
export function directionOf(language) {
  return RIGHT_TO_LEFT.has(language.split('-')[0] ?? '') ? 'rtl' : 'ltr';
}

/** A readable size: kB up to one megabyte, then MB with one decimal. @param {number} bytes */
export function sizeText(bytes) {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Functions that look up texts in these catalogues. @param {Catalogues} catalogues */
export function textsOf(catalogues) {
  /** The language of this browser. */
  const current = () => chooseLanguage(globalThis.navigator?.languages ?? [], catalogues);

  /** Whether this key has a text. @param {string} key */
  const hasText = (key) => Object.hasOwn(catalogues[FALLBACK] ?? {}, key);

  /**
   * The text for `key` with its `{placeholders}` filled in. A missing key is returned as it is: noticed at once,
   * harmless.
   * @param {string} key @param {Record<string, string | number>} [values] @param {string} [language]
   */
  const text = (key, values = {}, language = current()) => {
    const found = catalogues[language]?.[key] ?? catalogues[FALLBACK]?.[key] ?? key;
    return found.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };

  /**
   * The plural form of `key` for `count`: the language's own, its form `other`, or the English one.
   * @param {string} key @param {number} count @param {string} [language]
   */
  const plural = (key, count, language = current()) => {
    for (const tag of [language, FALLBACK]) {
      const forms = [new Intl.PluralRules(tag).select(count), 'other'].map((form) => `${key}.${form}`);
      const found = forms.find((form) => Object.hasOwn(catalogues[tag] ?? {}, form));
      if (found !== undefined) return text(found, { count }, tag);
    }
    return `${key}.other`;
  };

  /** Translates a page, which is written in English, into the chosen language. @param {Document} page */
  const localize = (page) => {
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
  };

  return { hasText, text, plural, localize };
}

/** The texts of the pages that people see. */
export const { hasText, text, plural, localize } = textsOf(CATALOGUES);
