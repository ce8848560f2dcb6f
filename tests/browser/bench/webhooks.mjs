// Delivers many events to a receiver that misbehaves, while the server is killed again and again:
//   node tests/browser/bench/webhooks.mjs [EVENTS] [KILLS]
// Counts the events that arrived and those that did not, and ids that arrived with another content. Waiting times of
// hours are cut short in the database once the receiver is well again.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAM } from '../lib/paths.mjs';
import { freePort } from '../lib/server.mjs';

/** Each check of test mode is two events. */
const EVENTS = Number(process.argv[2] ?? 10_000);
const KILLS = Number(process.argv[3] ?? 20);
const AT_ONCE = 16;

const data = mkdtempSync(join(tmpdir(), 'blinkgate-webhooks-'));
const port = await freePort();
const base = `http://localhost:${port}`;
const env = {
  PATH: process.env.PATH, HOME: data, PORT: String(port), DATA_DIR: data, LOG_LEVEL: 'error',
  DATABASE_URL: `sqlite://${data}/blinkgate.db`,
};
const run = (program, ...args) =>
  execFileSync(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1e8 }).toString().trim();
const blinkgate = (...args) => run(PROGRAM, ...args);
const sql = (text) => run('sqlite3', '-cmd', '.timeout 20000', join(data, 'blinkgate.db'), text);

/** What arrived, by id: the body and how often. */
const arrived = new Map();
let isWell = false;
const counts = {};
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (bytes) => { body += bytes; });
  request.on('end', () => {
    const kinds = ['ok', 'ok', 'ok', '500', '302', 'drop', 'slow'];
    const kind = isWell ? 'ok' : kinds[Math.floor(Math.random() * kinds.length)];
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (kind === 'drop') return void request.socket.destroy();
    if (kind === '500') return void response.writeHead(500).end();
    if (kind === '302') return void response.writeHead(302, { location: '/elsewhere' }).end();
    const id = request.headers['webhook-id'];
    const { bodies, times } = arrived.get(id) ?? { bodies: new Set(), times: 0 };
    arrived.set(id, { bodies: bodies.add(body), times: times + 1 });
    setTimeout(() => response.writeHead(204).end(), kind === 'slow' ? 2_000 : 0);
  });
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');

let child = await start();
blinkgate('sites', 'add', 'shop', '--private-host', '127.0.0.1');
const key = blinkgate('keys', 'add', 'shop', '--site', 'shop', '--test', '--scope', 'checks:write,webhooks');
await post('/v1/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/hook` });

const killing = kill();
let left = EVENTS / 2;
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (left > 0) {
    left -= 1;
    // The same key in every try: a check that was made before a kill is not made twice.
    await post('/v1/checks', { email: 'pass@test.blinkgate' }, crypto.randomUUID());
  }
}));
await killing;
isWell = true;
console.log(`${EVENTS / 2} checks made, ${KILLS} kills; the receiver answered ${JSON.stringify(counts)}`);
const made = Number(sql('select count(*) from site_events'));
for (let minutes = 0; arrived.size < made && minutes < 30; minutes += 1) {
  sql('update deliveries set next_try_at = 0 where delivered_at is null and given_up_at is null');
  for (let s = 0; s < 60 && arrived.size < made; s += 1) await sleep(1_000);
}
const events = new Set(sql('select id from site_events').split('\n').map((id) => `evt_${id}`));
const missing = [...events].filter((id) => !arrived.has(id));
const unknown = [...arrived.keys()].filter((id) => !events.has(id));
const changed = [...arrived.values()].filter(({ bodies }) => bodies.size > 1);
const again = [...arrived.values()].filter(({ times }) => times > 1);
console.log(JSON.stringify({
  events: events.size, arrived: arrived.size, missing: missing.length, unknown: unknown.length,
  changed: changed.length, more_than_once: again.length,
}));
child.kill('SIGKILL');
receiver.close();
rmSync(data, { recursive: true, force: true });
assert.deepEqual([missing.length, unknown.length, changed.length, events.size >= EVENTS], [0, 0, 0, true]);
process.exit(0);

async function start() {
  const started = spawn(PROGRAM, ['serve'], { env, cwd: data, stdio: 'ignore' });
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await fetch(`${base}/health`).catch(() => null))?.ok) return started;
    await sleep(100);
  }
  throw new Error('the server did not start');
}

/** Kills the server as a power cut would, at random moments, and starts it again. */
async function kill() {
  for (let kills = 0; kills < KILLS; kills += 1) {
    await sleep(500 + Math.random() * 3_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    child = await start();
  }
}

/** Posts until it is answered: the server may be down at that moment. */
async function post(path, body, idempotency = undefined) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  if (idempotency) headers['idempotency-key'] = idempotency;
  for (let tries = 0; tries < 600; tries += 1) {
    const request = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
    const answer = await fetch(`${base}${path}`, request).catch(() => null);
    if (answer?.ok) return answer.json();
    if (answer && answer.status < 500 && ![409, 429].includes(answer.status)) throw new Error(await answer.text());
    await sleep(200);
  }
  throw new Error(`${path} was never answered`);
}
