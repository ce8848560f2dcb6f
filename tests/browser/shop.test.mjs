// The example shop relies on Blinkgate: what it accepts, and everything that it must refuse.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Refused, acceptResult } from '../../examples/shop/result.mjs';
import { eventOf } from '../../examples/shop/webhook.mjs';
import { portraitClip } from './lib/clips.mjs';
import { violations } from './lib/axe.mjs';
import { openShop } from './lib/shop.mjs';
import { DESKTOP, openVisitor, screen } from './lib/visitor.mjs';

const NOW = 1_800_000_000;
const GOOD = {
  iss: 'https://blink.example',
  aud: 'shop',
  sub: 'chk_1',
  jti: 'j1',
  iat: NOW - 10,
  exp: NOW + 590,
  nonce: 'n1',
  reference: 'r1',
  status: 'verified',
  mailbox: 'proven_by_us',
  method: 'prompted',
  test: false,
};
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const JWKS = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] };
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(claims, header = {}, key = privateKey) {
  const signed = `${encode({ alg: 'EdDSA', typ: 'blinkgate-result+jwt', kid: 'k1', ...header })}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

function accept(text, more = {}) {
  return acceptResult(text, JWKS, {
    issuer: GOOD.iss,
    audience: GOOD.aud,
    check: GOOD.sub,
    nonce: GOOD.nonce,
    reference: GOOD.reference,
    methods: ['prompted'],
    mailboxes: ['proven_by_us'],
    used: new Set(),
    now: NOW,
    ...more,
  });
}

test('the shop’s backend accepts a good result and refuses every other', () => {
  assert.equal(accept(token(GOOD)).sub, GOOD.sub);
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const refused = {
    'forged by another key': token(GOOD, {}, stranger),
    'unsigned': `${encode({ alg: 'none', typ: 'blinkgate-result+jwt', kid: 'k1' })}.${encode(GOOD)}.`,
    'with another algorithm': token(GOOD, { alg: 'HS256' }),
    'of another type': token(GOOD, { typ: 'JWT' }),
    'by a revoked key': token(GOOD, { kid: 'k0' }),
    'changed': token(GOOD).replace(/\.[^.]+\./, `.${encode({ ...GOOD, reference: 'r2' })}.`),
    'expired': token({ ...GOOD, iat: NOW - 4000, exp: NOW - 3400 }),
    'from the future': token({ ...GOOD, iat: NOW + 4000, exp: NOW + 4600 }),
    'by another server': token({ ...GOOD, iss: 'https://evil.example' }),
    'for another site': token({ ...GOOD, aud: 'bank' }),
    'a test, in production': token({ ...GOOD, aud: 'test:shop', test: true }),
    'about another check': token({ ...GOOD, sub: 'chk_2' }),
    'of another visit': token({ ...GOOD, nonce: 'n2' }),
    'without a nonce': token({ ...GOOD, nonce: null }),
    'about somebody else': token({ ...GOOD, reference: 'r2' }),
    'failed': token({ ...GOOD, status: 'failed' }),
    'under review': token({ ...GOOD, status: 'review' }),
    'revoked': token({ ...GOOD, status: 'revoked' }),
    'by a weaker method': token({ ...GOOD, method: 'natural' }),
    'vouched for': token({ ...GOOD, mailbox: 'vouched_by_site' }),
    'no token': 'x',
    'empty': '',
  };
  for (const [what, text] of Object.entries(refused)) assert.throws(() => accept(text), Refused, what);
  const used = new Set();
  accept(token(GOOD), { used });
  assert.throws(() => accept(token(GOOD), { used }), Refused, 'replayed');
});

test('the shop’s webhook takes nothing that is not signed for it, just now', () => {
  const headers = { 'webhook-id': 'e1', 'webhook-timestamp': String(NOW), 'webhook-signature': 'v1,AAAA v1a,AAAA' };
  assert.equal(eventOf('whsec_AAAA', headers, '{}', NOW), null);
  assert.equal(eventOf('whsec_AAAA', {}, '{}', NOW), null);
  assert.equal(eventOf('whsec_AAAA', { ...headers, 'webhook-timestamp': 'x' }, '{}', NOW), null);
});

async function order(page, address, email) {
  await page.goto(address);
  await page.fill('input[name=email]', email);
  await page.click('button');
}

test('in test mode a browser comes back to the shop verified, failed or under review', async (t) => {
  const { address, events } = await openShop(t, { tests: true });
  for (const [name, expected] of [
    ['pass', 'Your order is placed'],
    ['fail', 'the check is failed'],
    ['review', 'the check is review'],
  ]) {
    const visitor = await openVisitor();
    try {
      await order(visitor.page, address, `${name}@test.blinkgate`);
      await visitor.page.waitForURL((url) => url.href.startsWith(address) && url.pathname !== '/order');
      await visitor.page.getByText(expected).waitFor();
      if (name !== 'pass') continue;
      // Another visitor gains nothing from the address.
      const back = await fetch(`${address}/back?check=chk_1&status=verified&state=x`);
      assert.equal(back.status, 403);
    } finally {
      await visitor.close();
    }
  }
  for (let tries = 0; events.length < 6 && tries < 100; tries++) await sleep(100);
  const types = ['check.created', 'check.created', 'check.created', 'check.failed', 'check.review', 'check.verified'];
  assert.deepEqual(events.map(({ type }) => type).sort(), types);
});

test('a person orders, opens the mailed link, blinks, and is back in the shop', async (t) => {
  const { server, address } = await openShop(t, { tests: false });
  const visitor = await openVisitor({ clip: portraitClip() });
  t.after(() => visitor.close());
  const { page } = visitor;
  await order(page, address, 'jo@example.org');
  await page.waitForURL('**/c');
  await screen(page, ['mailed']);
  assert.ok((await page.textContent('main')).includes('j***@example.org'));
  const link = await server.link(0);

  // The link opens in a second tab; the first one follows.
  const camera = await visitor.context.newPage();
  await camera.goto(link);
  await camera.click('#redeem');
  await camera.waitForURL('**/camera');
  await screen(camera, ['priming']);
  await camera.click('#start');
  await camera.waitForURL((url) => url.href.startsWith(address), { timeout: 90_000 });
  await camera.getByText('Your order is placed').waitFor();
  await page.waitForURL((url) => url.href.startsWith(address), { timeout: 15_000 });
});

test('the shop’s own way for people who cannot blink is offered on every page of its check', async (t) => {
  const { server, address, key } = await openShop(t, { tests: false });
  const visitor = await openVisitor();
  t.after(() => visitor.close());
  const { page } = visitor;
  const alternative = `${address}/back?way=other`;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const wanted = { email: 'jo@example.org', gate: 'site', alternative_url: alternative };
  const made = await fetch(`${server.base}/v1/checks`, { method: 'POST', headers, body: JSON.stringify(wanted) });
  await page.goto((await made.json()).url);
  const offered = async () => {
    const read = (all) => all.map(({ href, hidden }) => [href, hidden]);
    const links = await page.locator('a[data-alternative]').evaluateAll(read);
    assert.ok(links.length > 0 && links.every(([href, hidden]) => href === alternative && !hidden), `${links}`);
  };
  await screen(page, ['open']);
  await offered();
  await page.click('#start');
  await page.waitForURL('**/camera');
  await screen(page, ['priming']);
  await offered();
  // Without a camera, too.
  await page.click('#start');
  await screen(page, ['error']);
  await offered();
});

test('operators see what the shop asked for, and that it was told', async (t) => {
  const { server, address, events } = await openShop(t, { tests: true });
  const visitor = await openVisitor({ viewport: DESKTOP });
  t.after(() => visitor.close());
  const { page } = visitor;
  await order(page, address, 'pass@test.blinkgate');
  await page.getByText('Your order is placed').waitFor();
  for (let tries = 0; events.length < 2 && tries < 100; tries++) await sleep(100);
  await page.goto(`${server.base}/admin`);
  await page.fill('#key', server.adminKey());
  await page.click('#sign-in');
  await page.click('#to-sites');
  await page.selectOption('#site', 'shop');
  await page.locator('#checks-list [data-status="verified"]').waitFor();
  assert.equal(await page.locator('#checks-list tbody tr').count(), 1);
  await page.locator('#webhooks [data-status="delivered"]').first().waitFor();
  assert.ok((await page.textContent('#webhooks')).includes(`${address}/hook`));
  await page.selectOption('#check-state', 'failed');
  await page.getByRole('heading', { name: 'There are no such checks.' }).waitFor();
  assert.ok(page.url().endsWith('#sites?site=shop&status=failed'));
  await page.goBack();
  await page.locator('#checks-list [data-status="verified"]').waitFor();
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(visitor.errors, []);
});
