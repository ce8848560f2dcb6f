// Pages and mails in other languages: what people read, and that nothing is cut off on small screens.
// SHOTS=folder keeps pictures of every screen.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { violations } from './lib/axe.mjs';
import { portraitClip } from './lib/clips.mjs';
import { tooWide } from './lib/layout.mjs';
import { startServer } from './lib/server.mjs';
import { openVisitor, screen } from './lib/visitor.mjs';

const LANGUAGES = ['ar', 'de', 'hi', 'ja', 'pl'];
const WIDTHS = [320, 390, 1280];
/** In which of them axe looks at every screen. English: pages.test.mjs. */
const ACCESSIBLE = ['ar', 'ja'];
const SHOTS = process.env.SHOTS;
const words = (tag) =>
  JSON.parse(readFileSync(new URL(`../../www/assets/locales/${tag}.json`, import.meta.url), 'utf8')).texts;

/** Looks at the page in every width. */
async function look(page, tag, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    const wide = await tooWide(page);
    if (SHOTS) {
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${tag}-${width}.png`), fullPage: true });
    }
    assert.deepEqual(wide, [], `${tag}, ${name}, ${width} px`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  for (const colorScheme of ACCESSIBLE.includes(tag) ? ['light', 'dark'] : []) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.deepEqual(await violations(page), [], `${tag}, ${name}, ${colorScheme}, has accessibility findings`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

test('every screen and the mail speak the language of the browser, and nothing is cut off', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  for (const tag of LANGUAGES) {
    const said = words(tag);
    const visitor = await openVisitor({ clip: portraitClip(), locale: tag });
    try {
      const { page } = visitor;
      const title = (key) => page.getByRole('heading', { name: said[key], exact: true }).waitFor();
      await page.goto(server.base);
      await title('register.title');
      assert.equal(await page.getAttribute('html', 'dir'), tag === 'ar' ? 'rtl' : 'ltr');
      await look(page, tag, 'register');
      const known = server.mails();
      await page.fill('#register input[name=email]', `${tag}@example.org`);
      await page.click('#register button[type=submit]');
      await page.waitForURL('**/check-mail');
      await title('check_mail.title');
      await look(page, tag, 'check-mail');

      const link = await server.link(known);
      const [plain = '', html = ''] = server.newestMail();
      assert.ok(plain.includes(said['mail.hello']) && plain.includes(`${link}&lang=${tag}`), plain);
      assert.ok(html.includes(`<html lang="${tag}"`) && html.includes(said['mail.button']), html);
      const reader = await visitor.context.newPage();
      await reader.setContent(html);
      await look(reader, tag, 'mail');
      await reader.close();

      await page.goto(link);
      await title('verify.title');
      await page.click('#redeem');
      await page.waitForURL('**/camera');
      await screen(page, ['priming']);
      await title('priming.title');
      await look(page, tag, 'priming');
      await page.click('#start');
      await screen(page, ['align', 'recording']);
      await look(page, tag, 'align');
      await page.click('#cancel');
      await screen(page, ['priming']);
      await page.goto(`${server.base}/result`);
      await title('pending.title');
      await look(page, tag, 'result');
      assert.deepEqual(visitor.errors, []);
    } finally {
      await visitor.close();
    }
  }
});

test('a language can be chosen on each page, and goes on to the next', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const visitor = await openVisitor();
  t.after(() => visitor.close());
  const { page } = visitor;
  await page.goto(server.base);
  await page.selectOption('.languages select', 'fr');
  const french = words('fr');
  await page.getByRole('heading', { name: french['register.title'], exact: true }).waitFor();
  await page.fill('#register input[name=email]', 'jo@example.org');
  await page.click('#register button[type=submit]');
  await page.waitForURL('**/check-mail');
  await page.getByRole('heading', { name: french['check_mail.title'], exact: true }).waitFor();
  await server.link(0);
  assert.ok(server.newestMail()[0]?.includes(french['mail.hello']), 'the mail, too');
  // The address decides, as for a site that knows its visitor.
  await page.goto(`${server.base}/?lang=nl`);
  await page.getByRole('heading', { name: words('nl')['register.title'], exact: true }).waitFor();
  // And the person, from then on.
  await page.selectOption('.languages select', 'it');
  await page.getByRole('heading', { name: words('it')['register.title'], exact: true }).waitFor();
});

test('the record names the consent text that was shown', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const visitor = await openVisitor({ clip: portraitClip(), locale: 'uk' });
  t.after(() => visitor.close());
  const { page } = visitor;
  await page.goto(server.base);
  await page.fill('#register input[name=email]', 'jo@example.org');
  await page.click('#register button[type=submit]');
  await page.waitForURL('**/check-mail');
  await page.goto(await server.link(0));
  await page.click('#redeem');
  await page.waitForURL('**/camera');
  await page.click('#start');
  await screen(page, ['verified'], 90_000);
  const shown = ['priming.video', 'priming.video.text', 'priming.sent', 'priming.sent.text'];
  const text = shown.map((key) => words('uk')[key]).join('\n');
  const hash = createHash('sha256').update(text).digest('base64url');
  assert.deepEqual(server.rows('select distinct consent from challenges'), [{ consent: hash }]);
});
