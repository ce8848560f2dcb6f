// The element <blink-check> on a page of another site, with a strict policy and without third-party cookies.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import test from 'node:test';

import { portraitClip } from './lib/clips.mjs';
import { openShop } from './lib/shop.mjs';
import { openVisitor } from './lib/visitor.mjs';

/** Orders without leaving the shop. */
async function order(page, address, email) {
  await page.goto(address);
  await page.fill('input[name=email]', email);
  await page.click('button[value=here]');
  await page.waitForSelector('blink-check');
}

/** Waits until the element is in this state. */
async function state(page, name, timeout = 20_000) {
  await page.waitForSelector(`blink-check[state="${name}"]`, { timeout, state: 'attached' });
}

/** The newest code in the server's mails, once there are any. */
async function codeFrom(server) {
  await server.link();
  return /^(\d{6})$/m.exec(server.newestMail()[0] ?? '')?.[1] ?? '';
}

/** The document inside the element's frame. */
function inside(page) {
  return page.frameLocator('blink-check iframe');
}

/** Types the code and turns on the camera. */
async function toCamera(page, code) {
  const frame = inside(page);
  await frame.locator('#code').fill(code);
  await frame.locator('#code-send').click();
  await frame.locator('[data-screen="priming"]').waitFor();
  await frame.locator('#start').click();
}

/** Notes the element's events in `told`, from the start. */
async function noteEvents(page) {
  await page.addInitScript(() => {
    globalThis.told = [];
    const ends = ['verified', 'review', 'failed'];
    for (const type of ['ready', 'unsupported', 'statechange', 'permission', 'failure', 'error', ...ends]) {
      document.addEventListener(type, ({ target, detail }) => {
        if (target?.localName === 'blink-check') globalThis.told.push([type, detail]);
      }, { capture: true });
    }
  });
}

const told = (page) => page.evaluate(() => globalThis.told);

test('a person does the check in the shop’s page, with third-party cookies blocked', async (t) => {
  const { server, address } = await openShop(t, { tests: false });
  const visitor = await openVisitor({ clip: portraitClip(), thirdPartyCookies: false });
  t.after(() => visitor.close());
  const { page } = visitor;
  await noteEvents(page);
  await order(page, address, 'jo@example.org');
  await state(page, 'open');
  // The form waits for the check.
  await page.click('form > p > button');
  assert.equal(new URL(page.url()).pathname, '/order');
  await toCamera(page, await codeFrom(server));
  await state(page, 'verified', 90_000);
  const events = await told(page);
  const types = events.map(([type]) => type);
  assert.deepEqual(types.filter((type) => type === 'ready' || type === 'unsupported'), ['ready']);
  assert.deepEqual(events.filter(([type]) => type === 'permission').map(([, { state: is }]) => is), ['granted']);
  assert.equal(types.at(-1), 'verified');
  assert.equal(await page.locator('blink-check iframe').count(), 0);
  await page.click('form > p > button');
  await page.getByText('Your order is placed').waitFor();
  assert.deepEqual(visitor.errors, []);
  const [{ status }] = server.rows('select status from checks');
  assert.equal(status, 'verified');
  assert.equal((await visitor.context.cookies(server.base)).length, 0);
});

test('an element that is mounted twice, or taken out and put back, goes on with its check', async (t) => {
  const { server, address } = await openShop(t, { tests: false });
  const visitor = await openVisitor({ clip: portraitClip() });
  t.after(() => visitor.close());
  const { page } = visitor;
  await noteEvents(page);
  await order(page, address, 'jo@example.org');
  const remount = (pause) => page.evaluate(async (ms) => {
    const element = document.querySelector('blink-check');
    const form = element.parentElement;
    element.remove();
    await new Promise((done) => { setTimeout(done, ms); });
    form.prepend(element);
  }, pause);
  // As React does in development.
  await remount(0);
  await state(page, 'open');
  await toCamera(page, await codeFrom(server));
  await inside(page).locator('[data-screen="align"], [data-screen="recording"]').first().waitFor({ timeout: 60_000 });
  await remount(500);
  assert.equal(server.rows('select status from checks')[0].status, 'open');
  await state(page, 'open');
  await toCamera(page, await codeFrom(server));
  await state(page, 'verified', 90_000);
});

test('in test mode the element says how a check ended, and a form without a result is not sent', async (t) => {
  const { address } = await openShop(t, { tests: true });
  const visitor = await openVisitor();
  t.after(() => visitor.close());
  // Two checks in two tabs do not meet.
  const [failed, review] = [await visitor.context.newPage(), await visitor.context.newPage()];
  const pages = { verified: visitor.page, failed, review };
  for (const [end, name] of [['failed', 'fail'], ['review', 'review'], ['verified', 'pass']]) {
    const page = pages[end];
    await order(page, address, `${name}@test.blinkgate`);
    await state(page, end);
    await page.click('form > p > button');
    if (end === 'verified') await page.getByText('Your order is placed').waitFor();
    else assert.equal(new URL(page.url()).pathname, '/order');
  }
});

test('a check that is finished on another device ends in the shop’s page, too', async (t) => {
  const { address, server } = await openShop(t, { tests: false });
  const visitor = await openVisitor({ clip: portraitClip() });
  t.after(() => visitor.close());
  await order(visitor.page, address, 'jo@example.org');
  await state(visitor.page, 'open');
  const elsewhere = await openVisitor({ clip: portraitClip() });
  t.after(() => elsewhere.close());
  await elsewhere.page.goto(await server.link(0));
  await elsewhere.page.click('#redeem');
  await elsewhere.page.waitForURL('**/camera');
  await elsewhere.page.click('#start');
  await state(visitor.page, 'verified', 90_000);
});

test('a check that a phone takes over from the frame ends in the shop’s page, too', async (t) => {
  const { address, server } = await openShop(t, { tests: false });
  const visitor = await openVisitor({ thirdPartyCookies: false });
  t.after(() => visitor.close());
  await order(visitor.page, address, 'jo@example.org');
  const frame = inside(visitor.page);
  await frame.locator('#code').fill(await codeFrom(server));
  await frame.locator('#code-send').click();
  await frame.locator('#hand-over').click();
  const [first, second] = [await openVisitor(), await openVisitor({ clip: portraitClip() })];
  for (const phone of [first, second]) {
    t.after(() => phone.close());
    await frame.locator('#handoff-code[src^="data:"]').waitFor();
    await phone.page.goto(await frame.locator('#handoff-link').inputValue());
    const number = await frame.locator('#handoff-number:not(:empty)').textContent();
    await phone.page.click(`#numbers button:text-is("${number}")`);
    await frame.locator('[data-screen="following"]').waitFor();
    if (phone === second) break;
    // Without a cookie, the frame gets its new session in its memory.
    await frame.locator('#take-back').click();
    await frame.locator('[data-screen="priming"]').waitFor();
    await frame.locator('#hand-over').click();
  }
  await second.page.waitForURL('**/camera');
  await second.page.click('#start');
  await state(visitor.page, 'verified', 90_000);
  await second.page.waitForURL('**/result');
  await second.page.locator('#began').waitFor();
  assert.deepEqual(visitor.errors.filter((words) => !/\b401\b/.test(words)), []);
});

test('leaving the shop’s page and coming back goes on with the check', async (t) => {
  const { server, address } = await openShop(t, { tests: false });
  const visitor = await openVisitor({ clip: portraitClip() });
  t.after(() => visitor.close());
  const { page } = visitor;
  await order(page, address, 'jo@example.org');
  await state(page, 'open');
  await toCamera(page, await codeFrom(server));
  await inside(page).locator('[data-screen="align"], [data-screen="recording"]').first().waitFor({ timeout: 60_000 });
  // A frame must not put pages of its own between the shop and its visitor.
  await page.goBack();
  await page.waitForURL(`${address}/`);
  await page.goForward();
  await state(page, 'open');
  await toCamera(page, await codeFrom(server));
  await state(page, 'verified', 90_000);
});

test('a page that the site does not list cannot frame the check and is told another way', async (t) => {
  const { address, blinkgate, server } = await openShop(t, { tests: true });
  blinkgate('sites', 'set', 'shop', '--origin', 'https://other.example');
  const visitor = await openVisitor();
  t.after(() => visitor.close());
  const { page } = visitor;
  await noteEvents(page);
  await order(page, address, 'slow@test.blinkgate');
  await state(page, 'unsupported');
  const unsupported = (await told(page)).filter(([type]) => type === 'unsupported');
  assert.deepEqual(unsupported, [['unsupported', { code: 'frame_silent' }]]);
  const link = await page.getAttribute('blink-check a', 'href');
  assert.ok(link.startsWith(`${server.base}/c#ct_`));
});

test('a site’s frame shows no check of another site, and no other page of ours can be framed', async (t) => {
  const { address, blinkgate, server } = await openShop(t, { tests: true });
  blinkgate('sites', 'add', 'bank');
  const key = blinkgate('keys', 'add', 'bank', '--site', 'bank', '--scope', 'checks:write');
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ email: 'jo@example.org', gate: 'site' });
  const made = await (await fetch(`${server.base}/v1/checks`, { method: 'POST', headers, body })).json();
  const visitor = await openVisitor();
  t.after(() => visitor.close());
  const { page } = visitor;
  await noteEvents(page);
  await order(page, address, 'slow@test.blinkgate');
  await state(page, 'open');
  await page.evaluate((token) => document.querySelector('blink-check').setAttribute('token', token), made.client_token);
  await inside(page).locator('[data-code="client_token_unknown"]').waitFor();
  assert.equal(await inside(page).locator('#start').isVisible(), false);
  const errors = (await told(page)).filter(([type]) => type === 'error').map(([, { code }]) => code);
  assert.deepEqual(errors, ['client_token_unknown']);

  // The shop may frame its own checks and nothing else.
  for (const path of ['/c', '/camera', '/embed/frame/bank', '/admin']) {
    const isRefused = page.waitForEvent('console', (message) => /frame-ancestors|X-Frame-Options/.test(message.text()));
    await page.evaluate((src) => {
      document.querySelector('main').append(Object.assign(document.createElement('iframe'), { src }));
    }, `${server.base}${path}`);
    await isRefused;
  }
});
