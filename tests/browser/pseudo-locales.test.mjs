// Two languages that nobody speaks: one with texts half as long again, one of the same texts from right to left. Every
// text is in brackets, so a text without them is in no catalogue, and one without its last bracket is cut off.
// SHOTS=folder keeps pictures of every screen.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { portraitClip } from './lib/clips.mjs';
import { tooWide } from './lib/layout.mjs';
import { startServer } from './lib/server.mjs';
import { messageCode, openVisitor, screen } from './lib/visitor.mjs';

const SHOTS = process.env.SHOTS;
const WIDTHS = [320, 1280];
const ACCENTS = { a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', n: 'ñ', c: 'ç', y: 'ý' };
/** What stays as it is: the product's name, and the text of the consent, of which the server knows every version. */
const KEPT = ['brand', 'priming.video', 'priming.video.text', 'priming.sent', 'priming.sent.text'];
const LONGER = ['lorem', 'ipsum', 'dolor', 'sit', 'amet'];

let server;
before(async () => { server = await startServer({ LIVENESS_TIMEOUT_SECONDS: '5' }); });
after(async () => { await server?.stop(); });

/** A text of the catalogue as the pseudo-locale has it. Placeholders stay. @param {string} words */
function disguised(words) {
  const accented = words.replace(/\{\w+\}|[a-z]/g, (part) => ACCENTS[part] ?? part);
  const more = [];
  for (let at = 0; more.join(' ').length < words.length / 2; at++) more.push(LONGER[at % LONGER.length]);
  return `⟦${accented} ${more.join(' ')}⟧`;
}

/** Texts that are seen but are not whole texts of the catalogue, nor among those that `kept` their words. */
function undisguised(page, kept = []) {
  return page.evaluate((known) => {
    // Names of languages are in their own; addresses, numbers and the product's name are nobody's.
    const own = 'script, style, noscript, .languages, .brand, [translate="no"], [lang="en"], code, svg';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      const words = walker.currentNode.textContent.trim();
      if (!/\p{L}{2}/u.test(words) || known.includes(words)) continue;
      if (element.closest(own) || !element.checkVisibility()) continue;
      const block = element.closest('p, li, dt, dd, h1, h2, label, summary, button, a, td, th, div') ?? element;
      const whole = block.textContent.trim();
      if (!whole.includes('⟦') || !whole.includes('⟧')) found.push(words);
    }
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
      if (element.closest(own) || !element.checkVisibility()) continue;
      for (const name of ['aria-label', 'placeholder', 'title']) {
        const words = element.getAttribute(name);
        if (words && /\p{L}{2}/u.test(words) && !words.includes('⟦') && !words.includes('@')) found.push(words);
      }
    }
    return found;
  }, kept);
}

async function look(page, name, kept) {
  for (const details of await page.locator('details:not([open]) > summary').all()) {
    if (await details.isVisible()) await details.click();
  }
  assert.deepEqual(await undisguised(page, kept), [], `${name} has texts that are in no catalogue`);
  assert.match(await page.title(), /⟦.*⟧/, `${name}: the title`);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    if (SHOTS) {
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${width}.png`), fullPage: true });
    }
    assert.deepEqual(await tooWide(page), [], `${name}, ${width} px`);
  }
}

for (const [name, tag] of [['long texts', 'de'], ['texts from right to left', 'he']]) {
  test(`a pseudo-locale with ${name} fits every screen, and all of them speak it`, async () => {
    const clip = portraitClip({ blinks: false });
    const visitor = await openVisitor({ clip, locale: tag, serviceWorkers: 'block' });
    const { page, context } = visitor;
    const kept = [];
    let catalogue = null;
    await context.route(`**/locales/${tag}.json`, async (route) => {
      // Fetched once: a page that is left while it waits for its catalogue would dispose of the answer.
      if (catalogue === null) {
        const { texts, ...rest } = await (await route.fetch()).json();
        kept.push(...KEPT.map((key) => texts[key]));
        const shown = ([key, words]) => [key, KEPT.includes(key) ? words : disguised(words)];
        catalogue = { ...rest, texts: Object.fromEntries(Object.entries(texts).map(shown)) };
      }
      await route.fulfill({ json: catalogue }).catch(() => undefined);
    });
    const see = (screenName) => look(page, `${screenName}-${tag}`, kept);
    try {
      await page.goto(server.base);
      await page.waitForFunction(() => document.querySelector('h1')?.textContent?.includes('⟧'));
      await see('register');
      await page.fill('#register input[name=email]', 'nonsense');
      await page.click('#register button[type=submit]');
      await messageCode(page, 'email_invalid');
      await see('register-invalid');
      const known = server.mails();
      await page.fill('#register input[name=email]', `${tag}@example.org`);
      await page.click('#register button[type=submit]');
      await page.waitForURL('**/check-mail');
      await see('check-mail');
      await page.goto(await server.link(known));
      await page.waitForSelector('#redeem:enabled');
      await see('verify');
      await page.click('#redeem');
      await page.waitForURL('**/camera');
      await screen(page, ['priming']);
      await see('priming');
      await page.click('#start');
      await screen(page, ['recording'], 60_000);
      await see('recording');
      await screen(page, ['failed'], 60_000);
      await see('failed');
      await page.goto(`${server.base}/result`);
      await screen(page, ['failed']);
      await see('result');
      await page.goto(`${server.base}/no-such-page`);
      await see('not-found');
      await context.clearCookies();
      await page.goto(`${server.base}/camera`);
      await screen(page, ['error']);
      await see('no-session');
    } finally {
      await visitor.close();
    }
  });
}

test('a text that is in no catalogue is found', async () => {
  const visitor = await openVisitor();
  try {
    await visitor.page.setContent('<main><p>⟦Ín á çátálógúé lorem⟧</p><p>Planted</p><input aria-label="Also"></main>');
    assert.deepEqual(await undisguised(visitor.page), ['Planted', 'Also']);
  } finally {
    await visitor.close();
  }
});
