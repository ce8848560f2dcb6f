// A real server for tests, with its own port, database, captures and outbox.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { linkIn, parts } from './mail.mjs';
import { PROGRAM } from './paths.mjs';

/**
 * Clips cannot follow prompts: tests that need prompts set the policy themselves (`prompted.test.mjs`). The free
 * portrait is one photograph, which signals are there to find.
 */
const DEFAULTS = { CHALLENGE_POLICY: 'natural', REVIEW_SIGNALS: 'false' };

/** Starts `blinkgate serve` and waits until it answers. @param {Record<string, string>} settings */
export async function startServer(settings = {}) {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), 'blinkgate-data-'));
  const env = {
    PATH: process.env.PATH,
    HOME: data,
    PORT: String(port),
    DATA_DIR: data,
    LOG_LEVEL: 'info',
    ...DEFAULTS,
    ...settings,
  };
  env.DATABASE_URL ??= `sqlite://${data}/blinkgate.db`;
  const child = spawn(PROGRAM, ['serve'], { env, cwd: data });
  let log = '';
  child.stdout.on('data', (bytes) => { log += bytes; });
  child.stderr.on('data', (bytes) => { log += bytes; });
  const base = `http://localhost:${port}`;
  const mails = () => listed(join(data, 'outbox')).filter((name) => name.endsWith('.eml')).sort();
  await answering(`${base}/health`, child, () => log);
  return {
    base,
    data,
    log: () => log,
    adminKey: () => readFileSync(join(data, 'keys', 'admin.key'), 'utf8').trim(),
    /** How many mails have arrived. */
    mails: () => mails().length,
    /** The newest mail: plain text and HTML. */
    newestMail: () => parts(readFileSync(join(data, 'outbox', mails().at(-1) ?? ''), 'utf8')),
    /** The link in the newest mail, once there are more than `known`. */
    async link(known = 0) {
      for (let tries = 0; tries < 100; tries++) {
        const come = mails();
        if (come.length > known) return linkIn(readFileSync(join(data, 'outbox', come.at(-1)), 'utf8'));
        await sleep(100);
      }
      throw new Error(`no mail arrived\n${log}`);
    },
    rows: (sql) => JSON.parse(execFileSync('sqlite3', ['-json', join(data, 'blinkgate.db'), sql]).toString() || '[]'),
    inspect: (path) => JSON.parse(execFileSync(PROGRAM, ['inspect', path], { maxBuffer: 1e8 }).toString()),
    /** Fetches a picture like an operator; returns the file's path. @param {string} ref */
    async capture(ref) {
      const answer = await fetch(`${base}/admin/${ref}`, { headers: { 'x-admin-key': this.adminKey() } });
      if (!answer.ok) throw new Error(`${ref}: ${answer.status}`);
      const path = join(data, `shown-${ref.replaceAll('/', '-')}`);
      writeFileSync(path, new Uint8Array(await answer.arrayBuffer()));
      return path;
    },
    async stop() {
      child.kill('SIGTERM');
      await new Promise((done) => { child.exitCode === null ? child.once('exit', done) : done(undefined); });
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function listed(folder) {
  try { return readdirSync(folder); } catch { return []; }
}

async function answering(url, child, log) {
  for (let tries = 0; tries < 150; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}\n${log()}`);
    try {
      if ((await fetch(url)).ok) return;
    } catch { /* not yet listening */ }
    await sleep(100);
  }
  throw new Error(`the server did not answer\n${log()}`);
}

/** A port that nothing listens on. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => { probe.once('listening', done); });
  const { port } = probe.address();
  await new Promise((done) => { probe.close(done); });
  return port;
}
