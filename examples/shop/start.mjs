// Starts a Blinkgate of its own and the shop beside it: node examples/shop/start.mjs [--test]
//
// With --test the shop is in test mode: order with pass@test.blinkgate, fail@test.blinkgate and the like.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { shop } from './shop.mjs';

const SHOP_PORT = 8090;
const BASE = 'http://localhost:8080';
const root = fileURLToPath(new URL('../../', import.meta.url));
const data = join(root, 'data', 'example-shop');
const tests = process.argv.includes('--test');

const program = [process.env.BLINKGATE, join(root, 'target/release/blinkgate'), join(root, 'target/debug/blinkgate')]
  .find((path) => path && existsSync(path));
if (!program) {
  console.error('Build Blinkgate first (scripts/run --help), or name the program in BLINKGATE.');
  process.exit(1);
}

mkdirSync(data, { recursive: true });
const options = { cwd: data, env: { ...process.env, DATA_DIR: data, APP_BASE_URL: BASE, PORT: '8080' } };
const blinkgate = (...args) => execFileSync(program, args, options).toString().trim();
const address = `http://localhost:${SHOP_PORT}`;
const places = ['--return-url', `${address}/back`, '--origin', address, '--private-host', 'localhost'];
const site = ['--name', 'The Shop', ...places];
const isKnown = blinkgate('sites', 'list').includes('"id":"shop"');
blinkgate('sites', isKnown ? 'set' : 'add', 'shop', ...site);
const scopes = 'checks:write,checks:read,webhooks';
const mode = tests ? ['--test'] : [];
const key = blinkgate('keys', 'add', `shop-${Date.now()}`, '--site', 'shop', '--scope', scopes, ...mode);

const serving = spawn(program, ['serve'], { ...options, stdio: 'inherit' });
process.on('exit', () => serving.kill());
process.on('SIGINT', () => process.exit());
process.on('SIGTERM', () => process.exit());
for (let tries = 0; tries < 100 && !(await fetch(`${BASE}/health`).catch(() => null))?.ok; tries++) await sleep(200);

const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
const body = JSON.stringify({ url: `${address}/hook` });
const hook = await fetch(`${BASE}/v1/webhooks`, { method: 'POST', headers, body });
const { secret } = await hook.json();
const { server } = shop({ base: BASE, key, site: 'shop', tests, webhookSecret: secret, address });
server.listen(SHOP_PORT, 'localhost', () => {
  console.log(`\nThe shop: ${address}\nMails are written to ${join(data, 'outbox')}, their links to the log above.\n`);
});
