// Signing in at the console with a key that has a second factor, in a real browser against a real server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { PROGRAM } from './lib/paths.mjs';
import { startServer } from './lib/server.mjs';
import { DESKTOP, PHONE, openVisitor, screen } from './lib/visitor.mjs';

/** Set SHOTS=folder to keep a screenshot of each view. */
const SHOTS = process.env.SHOTS;
const STEP_MS = 30_000;

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await openVisitor({ serviceWorkers: 'block' });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs the program with the server's settings. `answer` gets its output so far and says what is typed then. */
async function run(args, answer = () => null) {
  const env = { PATH: process.env.PATH, HOME: server.data, DATA_DIR: server.data, PORT: new URL(server.base).port };
  const child = spawn(PROGRAM, args, { env, cwd: server.data, stdio: ['pipe', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    text += part;
    const typed = answer(text);
    if (typed !== null) child.stdin.end(`${typed}\n`);
  });
  const code = await new Promise((resolve) => { child.on('close', resolve); });
  assert.equal(code, 0, text);
  return text.trim();
}

const stepNow = () => Math.floor(Date.now() / STEP_MS);

/** The code of an authenticator app (RFC 6238) in a time step. */
function codeOf(secret, step) {
  const digits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter));
  const bits = digits.map((digit) => digit.toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Makes a key with a second factor. Returns both, and the time step of the code that was used. */
async function keyWithFactor(name) {
  const key = await run(['keys', 'add', name, '--scope', 'audit']);
  let secret = null;
  let step = 0;
  await run(['keys', 'second-factor', 'add', name], (text) => {
    const found = /secret=([A-Z2-7]+)&[^\n]*\n/.exec(text);
    if (found === null || secret !== null) return null;
    secret = found[1];
    step = stepNow();
    return codeOf(secret, step);
  });
  return { key, secret, step };
}

const audited = (action) => server.rows(`select details from audit_entries where action = '${action}'`).length;
const messageOf = (page, code) => page.waitForSelector(`#message[data-code="${code}"]`);

test('a key with a second factor asks for a code, which opens a session until the operator signs out', async () => {
  const { key, secret, step } = await keyWithFactor('ops');
  const page = await browser.context.newPage();
  const errors = [];
  page.on('pageerror', (error) => { errors.push(String(error)); });
  try {
    for (const [name, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await page.goto(`${server.base}/admin`);
      await screen(page, ['key']);
      assert.equal(await page.isVisible('#code'), false, 'most keys need none');
      await page.fill('#key', key);
      await page.press('#key', 'Enter');
      await messageOf(page, 'admin_code_required');
      assert.deepEqual(
        await page.evaluate(() => [document.activeElement?.id, document.querySelector('#message')?.dataset['kind']]),
        ['code', undefined],
        'it is no mistake',
      );
      assert.deepEqual(await violations(page), []);
      if (SHOTS) {
        mkdirSync(SHOTS, { recursive: true });
        await page.screenshot({ path: join(SHOTS, `sign-in-${name}.png`), fullPage: true });
      }
    }
    await page.press('#code', 'Enter');
    await messageOf(page, 'admin_code_required');
    const wrong = ['000000', '111111', '222222', '333333'].find(
      (code) => [-1, 0, 1, 2].every((away) => codeOf(secret, stepNow() + away) !== code),
    );
    await page.fill('#code', wrong);
    await page.press('#code', 'Enter');
    await messageOf(page, 'admin_code_wrong');
    assert.deepEqual(
      await page.$$eval('#key, #code', (fields) => fields.map((field) => field.getAttribute('aria-invalid'))),
      [null, 'true'],
    );
    assert.equal(audited('code_wrong'), 1);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, 'sign-in-wrong.png'), fullPage: true });

    // One step early counts, and the code that was entered at the program is used up.
    const code = codeOf(secret, Math.max(step + 1, stepNow()));
    await page.fill('#code', code);
    await page.press('#code', 'Enter');
    await screen(page, ['audit']);
    await page.waitForSelector('#audit-list [data-action="signed_in"]');
    if (SHOTS) await page.screenshot({ path: join(SHOTS, 'signed-in.png'), fullPage: true });
    const kept = await page.evaluate(() => Object.values(sessionStorage));
    assert.ok(kept.length === 1 && /^bs_[\w-]{43}$/.test(kept[0]), 'the session is kept, not the key');
    await page.reload();
    await screen(page, ['audit']);

    // The same code again, in another tab.
    const other = await browser.context.newPage();
    await other.goto(`${server.base}/admin`);
    await screen(other, ['key']);
    await other.fill('#key', key);
    await other.press('#key', 'Enter');
    await messageOf(other, 'admin_code_required');
    await other.fill('#code', code);
    await other.press('#code', 'Enter');
    await messageOf(other, 'admin_code_wrong');
    await other.close();

    const ended = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await page.click('#sign-out');
    assert.deepEqual(await (await ended).json(), { ended: true });
    await screen(page, ['key']);
    assert.deepEqual(await page.evaluate(() => sessionStorage.length), 0);
    assert.equal(server.rows('select token_hash from admin_sessions').length, 0);
    assert.deepEqual(errors, []);
  } catch (error) {
    await page.screenshot({ path: join(SHOTS ?? server.data, 'failure.png') }).catch(() => {});
    throw error;
  } finally {
    await page.close();
  }
});

test('when a session ends, the console asks for the key again and says why', async () => {
  const { key, secret, step } = await keyWithFactor('ann');
  const page = await browser.context.newPage();
  try {
    await page.goto(`${server.base}/admin`);
    await screen(page, ['key']);
    await page.fill('#key', key);
    await page.press('#key', 'Enter');
    await messageOf(page, 'admin_code_required');
    await page.fill('#code', codeOf(secret, Math.max(step + 1, stepNow())));
    await page.press('#code', 'Enter');
    await screen(page, ['audit']);
    await run(['keys', 'second-factor', 'remove', 'ann']);
    await page.reload();
    await screen(page, ['key']);
    assert.match(await page.textContent('#message'), /session has ended/);
    // Without its second factor, the key opens the console by itself.
    await page.fill('#key', key);
    await page.press('#key', 'Enter');
    await screen(page, ['audit']);
  } finally {
    await page.close();
  }
});
