// Mails to a real mail server (npm smtp-server), with STARTTLS and with TLS from the first byte.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { PROGRAM } from './lib/paths.mjs';
import { startServer } from './lib/server.mjs';

const LOGIN = { MAIL_USERNAME: 'jo@example.com', MAIL_PASSWORD: 'abcd efgh ijkl mnop' };
const SENDER = { MAIL_SERVER: 'localhost', MAIL_SENDER: 'Blinkgate <noreply@example.com>', MAIL_TIMEOUT_SECONDS: '5' };

let folder = '';
let authority = '';
let certificate = '';
let key = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'blinkgate-mail-'));
  authority = join(folder, 'authority.pem');
  certificate = join(folder, 'certificate.pem');
  key = join(folder, 'key.pem');
  const openssl = (/** @type {string[]} */ ...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(join(folder, 'extensions'), 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n');
  const valid = ['-days', '2'];
  openssl('req', '-x509', ...newKey, ...valid, '-subj', '/CN=authority', '-keyout', 'authority.key', '-out', authority);
  openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', key, '-out', 'request.pem');
  const signer = ['-CA', authority, '-CAkey', 'authority.key', '-CAcreateserial'];
  openssl('x509', '-req', '-in', 'request.pem', ...signer, ...valid, '-extfile', 'extensions', '-out', certificate);
});

after(() => { rmSync(folder, { recursive: true, force: true }); });

/** A mail server that knows one account. @param {{secure: boolean}} options */
async function mailServer({ secure }) {
  /** @type {{mail: string, from: string, to: string[], secure: boolean}[]} */
  const taken = [];
  const server = new SMTPServer({
    secure,
    key: readFileSync(key),
    cert: readFileSync(certificate),
    authMethods: ['PLAIN', 'LOGIN'],
    logger: false,
    onAuth({ username, password }, _session, done) {
      const known = username === LOGIN.MAIL_USERNAME && password === LOGIN.MAIL_PASSWORD;
      done(known ? null : new Error('535 authentication failed'), { user: username });
    },
    onData(stream, session, done) {
      let mail = '';
      stream.on('data', (bytes) => { mail += bytes; });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          mail,
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
        });
        done();
      });
    },
  });
  server.on('error', () => { /* a client that hangs up during the handshake */ });
  await new Promise((listening) => { server.listen(0, 'localhost', () => listening(undefined)); });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.server.address());
  return { port, taken, stop: () => new Promise((closed) => { server.close(() => closed(undefined)); }) };
}

/** Waits for the next mail. @param {unknown[]} taken @param {() => string} log */
async function arrived(taken, log) {
  for (let tries = 0; tries < 100 && taken.length === 0; tries++) {
    await new Promise((later) => {
      setTimeout(later, 100);
    });
  }
  assert.equal(taken.length, 1, log());
}

/**
 * Runs `blinkgate send-test-email`.
 * @param {Record<string, string>} settings @returns {Promise<{code: number | null, said: string}>}
 */
function sendTestEmail(settings) {
  const env = { PATH: process.env.PATH, DATA_DIR: join(folder, 'data'), ...SENDER, ...settings };
  const child = spawn(PROGRAM, ['send-test-email', 'al@example.org'], { env, cwd: folder });
  let said = '';
  child.stdout.on('data', (bytes) => { said += bytes; });
  child.stderr.on('data', (bytes) => { said += bytes; });
  return new Promise((ended) => { child.on('close', (code) => { ended({ code, said }); }); });
}

const register = (base) => fetch(`${base}/register`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-blinkgate': '1', origin: base },
  body: JSON.stringify({ email: 'al@example.org' }),
});

for (const [security, secure] of /** @type {[string, boolean][]} */ ([['starttls', false], ['tls', true]])) {
  test(`a mail is sent with ${security} and a login, and its link opens`, async () => {
    const smtp = await mailServer({ secure });
    const site = await startServer({
      ...SENDER,
      ...LOGIN,
      MAIL_PORT: String(smtp.port),
      MAIL_SECURITY: security,
      MAIL_CA_FILE: authority,
    });
    try {
      assert.equal((await register(site.base)).status, 202);
      await arrived(smtp.taken, site.log);
      const [{ mail, from, to, secure: wasSecure }] = smtp.taken;
      assert.deepEqual([from, to, wasSecure], ['noreply@example.com', ['al@example.org'], true]);
      const link = mail.match(/http:\/\/localhost:\d+\/verify\?token=[\w-]{43}/)?.[0] ?? '';
      assert.ok(link.startsWith(site.base), mail);
      assert.equal((await fetch(link)).status, 200);
      assert.ok(!site.log().includes(link), 'a mailed link is in the log');
    } finally {
      await site.stop();
      await smtp.stop();
    }
  });

  test(`with ${security} nothing is sent to a server that cannot be trusted`, async (context) => {
    const smtp = await mailServer({ secure });
    // Also after a failure: a server that listens keeps the test from ending.
    context.after(smtp.stop);
    const { code, said } = await sendTestEmail({ ...LOGIN, MAIL_PORT: String(smtp.port), MAIL_SECURITY: security });
    assert.equal(code, 1);
    assert.match(said, /^smtp: the mail server offers no trusted TLS connection/);
    assert.deepEqual(smtp.taken, []);
  });
}

test('send-test-email reports the result', async (context) => {
  const smtp = await mailServer({ secure: false });
  context.after(smtp.stop);
  const settings = { ...LOGIN, MAIL_PORT: String(smtp.port), MAIL_CA_FILE: authority };
  assert.deepEqual(await sendTestEmail(settings), { code: 0, said: 'smtp: sent\n' });
  assert.match(smtp.taken[0].mail, /Subject: Blinkgate: a test mail/);
  const { code, said } = await sendTestEmail({ ...settings, MAIL_PASSWORD: 'hunter2' });
  assert.equal(code, 1);
  assert.match(said, /^smtp: the mail server refused the mail for now/);
  assert.ok(!said.includes('hunter2'));
});
