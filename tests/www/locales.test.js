// Every catalogue of texts says the same as the English one, in the forms that its language needs.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';

const FOLDER = new URL('../../www/assets/locales/', import.meta.url);
/** What CLDR calls plural forms. */
const FORMS = ['zero', 'one', 'two', 'few', 'many', 'other'];
/** How much longer than the English text a translation may be: more would not fit on a phone. */
const LONGEST = { hint: 1.9, any: 2.2, slack: 14 };

/** @param {string} file @returns {{language: string, reviewed: boolean, texts: Record<string, string>}} */
const read = (file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
const english = read('en.json').texts;
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** @param {string} key */
const isPlural = (key) => key.endsWith('.one') && Object.hasOwn(english, key.replace(/one$/, 'other'));
const plurals = Object.keys(english).filter(isPlural).map((key) => key.replace(/\.one$/, ''));
/** @param {string} key */
const base = (key) => plurals.find((start) => FORMS.some((form) => key === `${start}.${form}`));
/** @param {string} words */
const placeholders = (words) => [...words.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

for (const file of files) {
  const tag = file.replace('.json', '');

  test(`${tag}: the keys are those of English, with the plural forms of the language`, () => {
    const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
    const plain = Object.keys(english).filter((key) => base(key) === undefined);
    const forms = plurals.flatMap((start) => pluralCategories.map((category) => `${start}.${category}`));
    assert.deepEqual(Object.keys(read(file).texts).sort(), [...plain, ...forms].sort());
  });

  test(`${tag}: every text has the placeholders of the English one, no markup, and fits`, () => {
    for (const [key, words] of Object.entries(read(file).texts)) {
      const start = base(key);
      const original = english[start === undefined ? key : `${start}.other`] ?? '';
      const expected = placeholders(original);
      const found = placeholders(words);
      // "Two attempts" may be one word.
      const mayOmitCount = start !== undefined && !key.endsWith('.other');
      if (!mayOmitCount || found.length > 0) assert.deepEqual(found, expected, key);
      assert.doesNotMatch(words, /[<>]|&\w+;/, key);
      assert.equal(words, words.trim(), key);
      assert.notEqual(words, '', key);
      const most = original.length * (key.startsWith('hint.') ? LONGEST.hint : LONGEST.any) + LONGEST.slack;
      assert.ok(words.length <= most, `${key}: ${words.length} characters, at most ${Math.floor(most)}`);
    }
  });

  test(`${tag}: says in its own language what it is called, and whether a native speaker has read it`, () => {
    const { language, reviewed, ...rest } = read(file);
    assert.notEqual(language, '');
    assert.equal(typeof reviewed, 'boolean');
    assert.deepEqual(Object.keys(rest), ['texts']);
  });
}

/** Words in a page that no catalogue has: every text stands in an element that names its key. @param {string} html */
function wordsOfPage(html) {
  const texts = html.replace(/<(script|style|title)\b[\s\S]*?<\/\1>/g, '').matchAll(/<([a-z][\w-]*)([^<>]*)>([^<]+)/g);
  const isUnknown = (/** @type {string[]} */ [, , attributes = '', words = '']) =>
    /\p{L}/u.test(words) && !attributes.includes('data-text="');
  return [...texts].filter(isUnknown).map(([, , , words = '']) => words.trim());
}

/** Words in a module that it shows as they stand. @param {string} source */
function wordsOfModule(source) {
  const places = String.raw`setText\([^'"\x60;]*?,\s*|textContent\s*[=:]\s*|'aria-label',\s*|\btitle:\s*`;
  const shown = new RegExp(String.raw`(?:${places})(['"\x60])([^'"\x60]*\p{L}{3}[^'"\x60]*)\1`, 'gu');
  return [...source.matchAll(shown)].map(([, , words = '']) => words).filter((words) => !words.includes('${'));
}

test('no page and no module shows words that are in no catalogue', () => {
  const www = new URL('../../www/', import.meta.url);
  const read = (/** @type {string} */ path) => readFileSync(new URL(path, www), 'utf8');
  const all = readdirSync(www, { recursive: true }).map(String);
  const pages = all.filter((path) => path.endsWith('.html'));
  const modules = all.filter((path) => /^assets\/(?!vendor\/|admin\/texts).*\.js$/.test(path));
  for (const page of pages) assert.deepEqual(wordsOfPage(read(page)), [], page);
  for (const module of modules) assert.deepEqual(wordsOfModule(read(module)), [], module);

  // And would be found.
  assert.deepEqual(wordsOfPage('<p data-text="a">Known</p><p class="small">Planted</p>'), ['Planted']);
  const planted = "setText(title, 'Planted words');\nelement.textContent = \"More\";";
  assert.deepEqual(wordsOfModule(planted), ['Planted words', 'More']);
});
