// Every page in a real browser: no accessibility findings, no sideways scrolling, no console errors, at both sizes and
// in both colour schemes.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { DESKTOP, PHONE, openVisitor, screen } from './lib/visitor.mjs';

/** A narrow phone at 200 % zoom. */
const NARROW = { width: 320, height: 640 };
/** Set SHOTS=folder to keep a screenshot of each page. */
const SHOTS = process.env.SHOTS;

let server;
before(async () => { server = await startServer({ LIVENESS_TIMEOUT_SECONDS: '5' }); });
after(async () => { await server?.stop(); });

let mails = 0;

for (const [device, viewport] of [['phone', PHONE], ['desktop', DESKTOP], ['narrow', NARROW]]) {
  for (const colorScheme of ['light', 'dark']) {
    if (device === 'narrow' && colorScheme === 'dark') continue;
    test(`every page is accessible and fits on a ${device}, ${colorScheme}`, async () => {
      const visitor = await openVisitor({ clip: portraitClip({ blinks: false }), viewport, colorScheme });
      const { page } = visitor;
      const look = (name) => lookAt(page, `${name}-${device}-${colorScheme}`);
      try {
        await page.goto(`${server.base}/`);
        await look('register');
        await page.fill('#register input[name=email]', 'nonsense');
        await page.click('#register button[type=submit]');
        await page.waitForSelector('[data-code="email_invalid"]');
        await look('register-invalid');
        await page.fill('#register input[name=email]', `look${mails}@example.org`);
        await page.click('#register button[type=submit]');
        await page.waitForURL('**/check-mail');
        await look('check-mail');
        await page.goto(await server.link(mails));
        mails += 1;
        await look('verify');
        await page.click('#redeem');
        await page.waitForURL('**/camera');
        await screen(page, ['priming']);
        await look('camera-priming');
        await page.click('#start');
        await screen(page, ['align', 'recording']);
        await screen(page, ['recording'], 60_000);
        await page.waitForTimeout(1200);
        await look('camera-recording');
        await screen(page, ['failed'], 60_000);
        await look('camera-failed');
        await page.goto(`${server.base}/result`);
        await screen(page, ['failed', 'pending', 'verified']);
        await look('result-failed');
        const missing = await page.goto(`${server.base}/no-such-page`);
        assert.equal(missing.status(), 404);
        await look('not-found');
        const unexpected = visitor.errors.filter((text) => !text.includes('404') && !text.includes('422'));
        assert.deepEqual(unexpected, []);
      } finally {
        await visitor.close();
      }
    });
  }
}

async function lookAt(page, name) {
  // Colours fade for a moment after a change; contrast is checked once they have settled.
  await page.waitForTimeout(400);
  if (SHOTS) {
    mkdirSync(SHOTS, { recursive: true });
    await page.screenshot({ path: join(SHOTS, `${name}.png`) });
  }
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, `${name} scrolls sideways by ${wider} px`);
  assert.deepEqual(await violations(page), [], `${name} has accessibility findings`);
}
