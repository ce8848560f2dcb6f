// The client that `docs/openapi.json` gives other programs: generated, compiled strictly, and run against a server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { PROGRAM, ROOT } from '../browser/lib/paths.mjs';
import { startServer } from '../browser/lib/server.mjs';

const MODULES = join(ROOT, 'tests', 'node_modules');
/** Where `tsconfig.json` looks for the types and puts the program. Not part of the checkout. */
const BUILT = join(MODULES, '.cache', 'api-client');

test('a client generated from the description compiles strictly and works', async (t) => {
  // Fields with a default may be left out of a request.
  const options = ['--default-non-nullable', 'false', '--output', join(BUILT, 'openapi.d.ts')];
  run('openapi-typescript', join(ROOT, 'docs', 'openapi.json'), ...options);
  run('tsc', '--project', join(import.meta.dirname, 'tsconfig.json'));
  // A folder below `node_modules` is in no package, so it has to say that its files are modules.
  writeFileSync(join(BUILT, 'package.json'), '{"type":"module"}');

  const server = await startServer();
  t.after(() => server.stop());
  const env = { ...process.env, DATA_DIR: server.data, DATABASE_URL: `sqlite://${server.data}/blinkgate.db` };
  const blinkgate = (...args) => execFileSync(PROGRAM, args, { env }).toString().trim();
  blinkgate('sites', 'add', 'shop');
  const scopes = 'checks:write,checks:read,webhooks';
  const key = blinkgate('keys', 'add', 'shop', '--site', 'shop', '--test', '--scope', scopes);
  const said = execFileSync(process.execPath, [join(BUILT, 'smoke.js'), server.base, key], { encoding: 'utf8' });
  assert.match(said, /works/);
});

/** Runs a tool of this folder's packages; its output is the error. @param {string} tool @param {string[]} args */
function run(tool, ...args) {
  try {
    execFileSync(join(MODULES, '.bin', tool), args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { stdout = '', stderr = '', message } = /** @type {any} */ (error);
    throw new Error(`${stdout}${stderr}` || message, { cause: error });
  }
}
