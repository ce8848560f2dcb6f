// @ts-check
/** The language of the pages: which one, its texts with placeholders and plurals, and elements marked `data-text`. */

import { embedding } from './embedded.js';
import { ENGLISH, LANGUAGES } from './texts.js';

const FALLBACK = 'en';
/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = new Set(['Adlm', 'Arab', 'Hebr', 'Mand', 'Nkoo', 'Rohg', 'Syrc', 'Thaa']);
/** Where the choice of a language is kept, in this tab only. */
const CHOSEN = 'blinkgate.language';

/** @typedef {import('./texts.js').Catalogue} Catalogue */
/** A language and its texts. Those that it lacks are English.
 * @typedef {{tag: string, texts: Readonly<Catalogue>}} Spoken */

/** @type {Spoken} */
let spoken = { tag: FALLBACK, texts: {} };

/** Language and script of a tag, as far as it can be read. @param {string} tag */
function maximized(tag) {
  try {
    return new Intl.Locale(tag).maximize();
  } catch {
    return null;
  }
}

/**
 * The first of the `wanted` language tags that there is, in the same script: `zh-CN` finds `zh-Hans`, `zh-TW` does not.
 * @param {readonly string[]} wanted @param {readonly string[]} [there] @returns {string}
 */
export function chooseLanguage(wanted, there = Object.keys(LANGUAGES)) {
  for (const tag of wanted) {
    const exact = there.find((known) => known.toLowerCase() === tag.toLowerCase());
    if (exact !== undefined) return exact;
    const { language, script } = maximized(tag) ?? {};
    const found = there.map(maximized).findIndex((known) => known?.language === language && known?.script === script);
    if (language !== undefined && found >= 0) return there[found] ?? FALLBACK;
  }
  return FALLBACK;
}

/** @param {string} language @returns {'ltr' | 'rtl'} */
export function directionOf(language) {
  return RIGHT_TO_LEFT.has(maximized(language)?.script ?? '') ? 'rtl' : 'ltr';
}

/** A readable size: kB up to one megabyte, then MB with one decimal.
 * @param {number} bytes @param {string} [language] */
export function sizeText(bytes, language = spoken.tag) {
  const [value, unit, digits] = bytes < 1_000_000 ? [bytes / 1000, 'kilobyte', 0] : [bytes / 1_000_000, 'megabyte', 1];
  const shown = { minimumFractionDigits: Number(digits), maximumFractionDigits: Number(digits) };
  return new Intl.NumberFormat(language, { style: 'unit', unit: String(unit), ...shown }).format(Number(value));
}

/**
 * Functions that look up texts in a language, or in English where that lacks them.
 * @param {Readonly<Catalogue>} english @param {() => Spoken} [current]
 */
export function textsOf(english, current = () => ({ tag: FALLBACK, texts: english })) {
  /** Whether this key has a text. @param {string} key */
  const hasText = (key) => Object.hasOwn(english, key);

  /**
   * The text for `key` with its `{placeholders}` filled in. A missing key is returned as it is: noticed at once,
   * harmless.
   * @param {string} key @param {Record<string, string | number>} [values]
   */
  const text = (key, values = {}) => {
    const { tag, texts } = current();
    return fill(texts[key] ?? english[key] ?? key, values, texts[key] === undefined ? FALLBACK : tag);
  };

  /** The plural form of `key` for `count`: the language's own, its form `other`, or the English one.
   * @param {string} key @param {number} count */
  const plural = (key, count) => {
    for (const { tag, texts } of [current(), { tag: FALLBACK, texts: english }]) {
      const forms = [new Intl.PluralRules(tag).select(count), 'other'].map((form) => texts[`${key}.${form}`]);
      const found = forms.find((form) => form !== undefined);
      if (found !== undefined) return fill(found, { count }, tag);
    }
    return `${key}.other`;
  };

  return { hasText, text, plural };
}

/** @param {string} words @param {Record<string, string | number>} values @param {string} tag */
function fill(words, values, tag) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    if (typeof value === 'number') return new Intl.NumberFormat(tag).format(value);
    // Addresses and names keep their own direction (FSI and PDI of Unicode's bidirectional algorithm).
    return directionOf(tag) === 'rtl' ? `\u2068${value}\u2069` : value;
  });
}

/** The texts of the pages that people see. */
export const { hasText, text, plural } = textsOf(ENGLISH, () => spoken);

/**
 * Makes the page, which is written in English, speak the language that its reader wants: the one in its address, the
 * one chosen before, or the browser's.
 * @param {Document} page
 */
export async function speak(page) {
  const asked = askedInAddress();
  await load(chooseLanguage([asked ?? kept() ?? '', ...navigator.languages]));
  localize(page);
  offerLanguages(page);
}

/** The language in the page's address. It is kept, so that the person can choose another one from then on. */
function askedInAddress() {
  const address = new URL(location.href);
  const asked = address.searchParams.get('lang');
  if (asked === null) return null;
  keep(asked);
  // A frame has no other place for it.
  if (embedding.isEmbedded || kept() !== asked) return asked;
  address.searchParams.delete('lang');
  history.replaceState(null, '', address);
  return asked;
}

/** Gets the texts of a language. Without them the page stays in English. @param {string} tag */
async function load(tag) {
  if (tag === FALLBACK) return;
  try {
    const response = await fetch(new URL(`./locales/${tag}.json`, import.meta.url), { credentials: 'same-origin' });
    if (response.ok) spoken = { tag, texts: (await response.json()).texts };
  } catch {
    // See above.
  }
}

/** @param {Document} page */
function localize(page) {
  page.documentElement.lang = spoken.tag;
  page.documentElement.dir = directionOf(spoken.tag);
  if (spoken.tag === FALLBACK) return;
  for (const element of page.querySelectorAll('[data-text]')) {
    element.textContent = text(element.getAttribute('data-text') ?? '');
  }
  for (const element of page.querySelectorAll('[data-text-label]')) {
    element.setAttribute('aria-label', text(element.getAttribute('data-text-label') ?? ''));
  }
  const heading = page.querySelector('h1[data-text]');
  if (heading !== null) page.title = text('document.title', { screen: heading.textContent ?? '' });
}

/** Lets people choose another language, at the foot of the page. @param {Document} page */
function offerLanguages(page) {
  const select = page.createElement('select');
  select.setAttribute('aria-label', text('language.label'));
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const option = Object.assign(page.createElement('option'), { value: tag, textContent: name, lang: tag });
    option.selected = tag === spoken.tag;
    select.append(option);
  }
  select.addEventListener('change', () => {
    keep(select.value);
    embedding.reload(select.value);
  });
  const line = Object.assign(page.createElement('p'), { className: 'languages' });
  line.append(select);
  page.querySelector('footer')?.append(line);
}

/** @param {string} tag */
function keep(tag) {
  try {
    sessionStorage.setItem(CHOSEN, tag);
  } catch {
    // Then the next page asks the browser.
  }
}

function kept() {
  try {
    return sessionStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}
