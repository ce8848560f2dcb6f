// Other ways to be verified: by keyboard alone, over a connection that breaks, in browsers that lack newer interfaces.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, messageCode, openVisitor, screen } from './lib/visitor.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => { await server?.stop(); });

/** Opens the camera page's first screen and runs `steps`. */
async function atTheCamera(steps, prepare = async () => {}, options = {}) {
  const visitor = await openVisitor({ clip: portraitClip(), ...options });
  try {
    await prepare(visitor);
    const { page } = visitor;
    await comeToCamera(visitor, server);
    await screen(page, ['priming']);
    await steps(page);
  } finally {
    await visitor.close();
  }
}

/** Presses Tab until the element has the focus, like somebody without a mouse. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 40; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${selector} cannot be reached by keyboard`);
}

test('a person can be verified by keyboard alone', async () => {
  const visitor = await openVisitor({ clip: portraitClip() });
  const { page } = visitor;
  try {
    await page.goto(`${server.base}/`);
    await tabTo(page, 'input[name=email]');
    const known = server.mails();
    await page.keyboard.type(`keys${known}@example.org`);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/check-mail');
    await page.goto(await server.link(known));
    await tabTo(page, '#redeem');
    await page.keyboard.press('Enter');
    await screen(page, ['priming']);
    await tabTo(page, '#start');
    await page.keyboard.press('Enter');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
  } finally {
    await visitor.close();
  }
});

test('a person can be verified by what a screen reader is told alone', async () => {
  const visitor = await openVisitor({ clip: portraitClip() });
  const { page } = visitor;
  // Roles and names come from the accessibility tree; nothing is looked for by its place or its markup.
  const press = (name) => page.getByRole('button', { name }).click();
  try {
    const known = server.mails();
    await page.goto(`${server.base}/`);
    await page.getByRole('heading', { level: 1, name: 'Confirm your address with a blink' }).waitFor();
    await page.getByRole('textbox', { name: 'E-mail address' }).fill(`heard${known}@example.org`);
    await press('Send me the link');
    await page.getByRole('heading', { level: 1, name: 'Check your mail' }).waitFor();
    await page.goto(await server.link(known));
    await press('Continue');
    await page.getByRole('heading', { level: 1, name: 'The camera check' }).waitFor();
    await press('Turn on the camera');
    const status = page.getByRole('status').filter({ hasText: /blink/i });
    await status.first().waitFor({ state: 'attached', timeout: 60_000 });
    await page.getByRole('heading', { level: 1, name: 'You are verified' }).waitFor({ timeout: 90_000 });
  } finally {
    await visitor.close();
  }
});

test('an interrupted upload resumes with the same key', async () => {
  const keys = [];
  await atTheCamera(async (page) => {
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
  }, async ({ context }) => {
    await context.route('**/api/submission/*', (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length === 1) return route.abort('connectionreset');
      if (keys.length === 2) {
        return route.fulfill({
          status: 503,
          headers: { 'Retry-After': '1' },
          contentType: 'application/problem+json',
          body: '{"code":"busy","status":503,"title":"Busy","detail":"Busy."}',
        });
      }
      return route.continue();
    });
  }, { serviceWorkers: 'block' });
  assert.ok(keys.length > 3, `${keys.length} requests`);
  assert.equal(new Set(keys).size, 1, 'every request names the same submission');
});

/** Removes interfaces that a browser may lack. @param {string[]} names */
const without = (names) => ({ context }) => context.addInitScript((names) => {
  for (const name of names) delete globalThis[name];
  delete HTMLVideoElement.prototype.requestVideoFrameCallback;
  const { generateKey } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.generateKey = function (algorithm, ...rest) {
    const name = typeof algorithm === 'string' ? algorithm : algorithm.name;
    if (name === 'Ed25519') return Promise.reject(new DOMException('not supported', 'NotSupportedError'));
    return generateKey.call(this, algorithm, ...rest);
  };
}, names);

for (const names of [['VideoFrame'], ['VideoFrame', 'OffscreenCanvas', 'createImageBitmap']]) {
  test(`a browser without WebCrypto Ed25519, frame callbacks and ${names.join(', ')} ends VERIFIED, too`, async () => {
    await atTheCamera(async (page) => {
      await page.click('#start');
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
    }, without(names));
    const [{ details }] = server.rows('select details from verification_events order by created_at desc limit 1');
    assert.equal(JSON.parse(details).key, 'soft');
  });
}

test('people are told before their time is over, and can have more', async (t) => {
  const visitor = await openVisitor({ clip: portraitClip() });
  t.after(() => visitor.close());
  const { page } = visitor;
  await page.clock.install();
  await comeToCamera(visitor, server);
  await screen(page, ['priming']);
  assert.equal(await page.isVisible('#ending'), false);
  await page.clock.runFor('28:00');
  assert.equal(await page.isVisible('#ending'), false, 'not yet');
  await page.clock.runFor('00:40');
  await page.getByRole('alert').filter({ hasText: 'Your time for this check is almost over.' }).waitFor();
  await page.click('#more-time');
  await page.locator('#ending').waitFor({ state: 'hidden' });
  await page.clock.runFor('28:40');
  await page.locator('#ending').waitFor();
});

test('a computer without a camera offers the link for a phone, and follows it to the end', async (t) => {
  const computer = await openVisitor();
  t.after(() => computer.close());
  await comeToCamera(computer, server);
  await computer.page.click('#start');
  await messageCode(computer.page, 'camera_missing');
  const link = await computer.page.inputValue('#link');

  const phone = await openVisitor({ clip: portraitClip() });
  t.after(() => phone.close());
  await phone.page.goto(link);
  await phone.page.click('#redeem');
  await phone.page.waitForURL('**/camera');
  await phone.page.click('#start');
  assert.equal(await screen(phone.page, ['verified', 'failed', 'error'], 90_000), 'verified');
  await screen(computer.page, ['verified'], 15_000);
  assert.equal(await computer.page.isVisible('#to-result'), false, 'its session has ended: there is nothing to open');
});
