// A check that begins on a computer and continues on a phone.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { violations } from './lib/axe.mjs';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { DESKTOP, comeToCamera, messageCode, openVisitor, screen } from './lib/visitor.mjs';

let server;
// A server for each test: some look at everything that was recorded.
beforeEach(async () => { server = await startServer(); });
afterEach(async () => { await server?.stop(); });

/** A computer that shows a code. */
async function computerWithCode(t, options = {}) {
  const computer = await openVisitor({ viewport: DESKTOP, ...options });
  t.after(() => computer.close());
  await comeToCamera(computer, server);
  await screen(computer.page, ['priming']);
  await computer.page.click('#hand-over');
  await screen(computer.page, ['handoff']);
  await computer.page.locator('#handoff-code[src^="data:"]').waitFor();
  return computer;
}

/** Reads the code on the screen, as a phone would. */
async function codeOn(page) {
  const { data, width, height } = PNG.sync.read(await page.locator('#handoff-code').screenshot());
  return jsQR(new Uint8ClampedArray(data), width, height)?.data ?? '';
}

/** A phone that opens this link. */
async function phoneAt(t, link, options = {}) {
  const phone = await openVisitor({ clip: portraitClip(), ...options });
  t.after(() => phone.close());
  await phone.page.goto(link);
  await screen(phone.page, ['choose', 'error']);
  return phone;
}

/** The number on the computer. */
async function shownOn(page) {
  await page.locator('#handoff-choose').waitFor();
  return (await page.textContent('#handoff-number')).trim();
}

/** Chooses that number on the phone, or another one. */
async function choose({ page }, number, isRight = true) {
  const numbers = await page.locator('#numbers button').allTextContents();
  assert.equal(numbers.length, 3);
  assert.ok(numbers.includes(number), `${numbers} lack ${number}`);
  await page.click(`#numbers button:text-is("${isRight ? number : numbers.find((other) => other !== number)}")`);
}

/** A phone that has taken the check over. */
async function handOver(t, computer) {
  const phone = await phoneAt(t, await codeOn(computer.page));
  await choose(phone, await shownOn(computer.page));
  await phone.page.waitForURL('**/camera');
  await screen(phone.page, ['priming']);
  return phone;
}

test('a check moves to the phone that read the code, and the computer goes on by itself', async (t) => {
  const computer = await computerWithCode(t);
  assert.deepEqual(await violations(computer.page), []);
  const link = await codeOn(computer.page);
  assert.match(link, /\/p#[\w-]{43}\.qr$/);
  assert.equal(`${await computer.page.inputValue('#handoff-link')}.qr`, link);

  const phone = await phoneAt(t, link);
  assert.equal(new URL(phone.page.url()).hash, '', 'the token leaves the address');
  assert.match(await phone.page.textContent('#phone-lead'), /Blinkgate.*p\*\*\*@example\.org/);
  assert.equal(await phone.page.textContent('#phone-screen'), 'Chrome on Linux');
  assert.match(await phone.page.textContent('#phone-time'), /\d:\d\d/);
  assert.deepEqual(await violations(phone.page), []);
  const number = await shownOn(computer.page);
  assert.deepEqual(await violations(computer.page), []);
  const heard = computer.page.locator('#status').filter({ hasText: number });
  await heard.waitFor({ state: 'attached' });
  // Another language, and still the same check.
  await phone.page.selectOption('.languages select', 'de');
  await phone.page.getByRole('heading', { name: 'Ist das Ihr Check?' }).waitFor();
  await choose(phone, number);
  await phone.page.waitForURL('**/camera');
  await screen(phone.page, ['priming']);
  assert.equal(await phone.page.isVisible('#hand-over'), false, 'it is on the phone already');

  await screen(computer.page, ['following']);
  assert.deepEqual(await violations(computer.page), []);
  assert.equal(await computer.page.evaluate(() => document.activeElement?.tagName), 'H1');
  await phone.page.click('#start');
  assert.equal(await screen(phone.page, ['verified', 'failed', 'error'], 90_000), 'verified');
  await screen(computer.page, ['verified'], 15_000);
  assert.equal(await computer.page.evaluate(() => document.activeElement?.tagName), 'H1');
  await computer.page.locator('#status').filter({ hasText: 'You are verified' }).waitFor({ state: 'attached' });
  await phone.page.waitForURL('**/result');
  await phone.page.locator('#began').waitFor();
  const [{ details }] = server.rows('select details from verification_events');
  assert.equal(JSON.parse(details).handoff, 'qr');
  assert.deepEqual([...computer.errors, ...phone.errors].filter((words) => !/\b401\b/.test(words)), []);
});

test('a wrong number ends the offer on both screens, and the computer has a new code', async (t) => {
  const { page } = await computerWithCode(t);
  const phone = await phoneAt(t, await codeOn(page));
  await choose(phone, await shownOn(page), false);
  await messageCode(phone.page, 'handoff_wrong_number');
  assert.deepEqual(await violations(phone.page), []);
  assert.equal(await phone.page.isVisible('#again'), false, 'there is one try');
  await messageCode(page, 'handoff.wrong_number');
  assert.deepEqual(await violations(page), []);
  await page.locator('#status').filter({ hasText: 'wrong number' }).waitFor({ state: 'attached' });
  await page.click('#handoff-new');
  await page.locator('#handoff-offer').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'the button has gone');
  const again = await phoneAt(t, await codeOn(page));
  await choose(again, await shownOn(page));
  await again.page.waitForURL('**/camera');
  await screen(page, ['following']);
});

test('whoever was sent a code by somebody else says so, and nothing is confirmed', async (t) => {
  const { page } = await computerWithCode(t);
  const phone = await phoneAt(t, await page.inputValue('#handoff-link'));
  await phone.page.click('#not-me');
  await screen(phone.page, ['declined']);
  assert.deepEqual(await violations(phone.page), []);
  assert.deepEqual(await phone.context.cookies(), [], 'it has no session');
  await messageCode(page, 'handoff.declined');
});

test('the computer takes the check back, and the phone says so', async (t) => {
  const computer = await computerWithCode(t, { clip: portraitClip() });
  const phone = await handOver(t, computer);
  const { page } = computer;
  await screen(page, ['following']);
  await page.reload();
  await screen(page, ['following']);
  await page.click('#take-back');
  await screen(page, ['priming']);
  await phone.page.reload();
  await messageCode(phone.page, 'session_taken_back');
  assert.deepEqual(await violations(phone.page), []);
  await page.click('#start');
  assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
  const [{ details }] = server.rows('select details from verification_events');
  assert.equal(JSON.parse(details).handoff, undefined);
});

test('a code works once, and one that the computer withdrew does not work', async (t) => {
  const { page } = await computerWithCode(t);
  const link = await codeOn(page);
  const first = await phoneAt(t, link);
  const second = await phoneAt(t, link);
  await messageCode(second.page, 'handoff_used');
  assert.equal(await screen(first.page, ['choose']), 'choose');
  await page.click('#cancel');
  await screen(page, ['priming']);
  await first.page.locator('#numbers button').first().click();
  await messageCode(first.page, 'handoff_taken_back');
});

test('the code is renewed before it ends, not while nobody can see it, and not for ever', async (t) => {
  const visitor = await openVisitor({ viewport: DESKTOP });
  t.after(() => visitor.close());
  const { page } = visitor;
  let made = 0;
  page.on('request', (request) => {
    if (request.method() === 'POST' && new URL(request.url()).pathname === '/api/handoff') made += 1;
  });
  await page.clock.install();
  await comeToCamera(visitor, server);
  await screen(page, ['priming']);
  await page.click('#hand-over');
  await page.locator('#handoff-code[src^="data:"]').waitFor();
  const link = await page.inputValue('#handoff-link');
  assert.equal(made, 1);
  for (let times = 0; times < 26; times++) {
    await page.clock.runFor(2_000);
    await page.waitForTimeout(60);
  }
  assert.equal(made, 2);
  assert.notEqual(await page.inputValue('#handoff-link'), link);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
  });
  for (let times = 0; times < 60; times++) await page.clock.runFor(2_000);
  assert.equal(made, 2, 'hidden');
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  for (let times = 0; times < 300 && await page.isHidden('#handoff-note'); times++) {
    await page.clock.runFor(2_000);
    await page.waitForTimeout(40);
  }
  await messageCode(page, 'handoff.expired');
  assert.equal(made, 10);
  await page.click('#handoff-new');
  await page.locator('#handoff-offer').waitFor();
  assert.equal(made, 11);
});

test('a computer without a camera offers the phone, and the link by mail', async (t) => {
  const visitor = await openVisitor({ viewport: DESKTOP });
  t.after(() => visitor.close());
  const { page } = visitor;
  await comeToCamera(visitor, server);
  await screen(page, ['priming']);
  await page.click('#start');
  await messageCode(page, 'camera_missing');
  await page.click('#hand-over-instead');
  await page.locator('#handoff-offer').waitFor();
  await page.click('#handoff-mail');
  await messageCode(page, 'mailed');
  await page.click('#cancel');
  await screen(page, ['priming']);
});
