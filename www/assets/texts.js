// @ts-check
/**
 * The English texts, and which other languages there are. The build puts both here; tests read them from the files.
 * `locales/TAG.json` has every text that people read, on the pages and in mails, keyed by code: `language.js` fills in
 * `{name}`; keys that end in `.one`, `.other` and the like are plural forms.
 *
 * The pages contain the English texts too, so that they can be read before (and without) JavaScript; a test compares
 * both.
 */

/** @typedef {Record<string, string>} Catalogue */

/** @param {string} file @returns {Promise<any>} */
async function fromDisk(file) {
  const name = 'node:fs/promises';
  const { readFile, readdir } = await import(name);
  const folder = new URL('./locales/', import.meta.url);
  if (file !== '') return JSON.parse(await readFile(new URL(file, folder), 'utf8'));
  /** @type {string[]} */
  const files = await readdir(folder);
  return Promise.all(files.map(async (each) => [each.replace('.json', ''), (await fromDisk(each)).language]));
}

/** @type {Readonly<Catalogue>} */
export const ENGLISH = /* build: english */ (await fromDisk('en.json')).texts;

/** The languages by tag, each with its own name. @type {Readonly<Record<string, string>>} */
export const LANGUAGES = /* build: languages */ Object.fromEntries(await fromDisk(''));
