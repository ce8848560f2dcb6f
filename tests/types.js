/**
 * Type-checks the pages and their tests: `npm run types` in this folder. Types that cross a seam are derived, not
 * written by hand: the server's responses from `docs/openapi.json`, the engine from what `scripts/build-wasm` makes.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(import.meta.dirname, 'node_modules', '.bin');
const ENGINE_TYPES = 'www/pkg/engine_wasm.d.ts';
/** `www/jsconfig.json` finds it there, under the name `blinkgate-api`. */
const API_TYPES = join(import.meta.dirname, 'node_modules', '.cache', 'openapi.d.ts');

if (!existsSync(join(BIN, 'tsc'))) fail('the tools are missing: run `npm ci` in tests');
if (!existsSync(join(ROOT, ENGINE_TYPES))) fail(`${ENGINE_TYPES} is missing: run scripts/build-wasm first`);
run('openapi-typescript', 'docs/openapi.json', '--output', API_TYPES);
for (const project of ['www', 'tests/www']) run('tsc', '--project', `${project}/jsconfig.json`);

/** @param {string} tool @param {string[]} args */
function run(tool, ...args) {
  try {
    execFileSync(join(BIN, tool), args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { stdout = '', stderr = '', message } = /** @type {any} */ (error);
    fail(`${stdout}${stderr}` || message);
  }
}

/** @param {string} why @returns {never} */
function fail(why) {
  console.error(why);
  process.exit(1);
}
