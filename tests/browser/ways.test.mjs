// Other ways to be verified: by keyboard alone, over a connection that breaks, in browsers that lack newer interfaces.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, openVisitor, screen } from './lib/visitor.mjs';

let server;
// A server for each test: the same clip gives the same pictures, and pictures that were sent before are refused.
beforeEach(async () => { server = await startServer(); });
afterEach(async () => { await server?.stop(); });

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
