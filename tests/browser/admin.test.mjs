// The console in a real browser against a real server with real attempts: one verified, one that timed out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { violations } from './lib/axe.mjs';
import { portraitClip } from './lib/clips.mjs';
import { PROGRAM } from './lib/paths.mjs';
import { startServer } from './lib/server.mjs';
import { DESKTOP, PHONE, comeToCamera, openVisitor, screen } from './lib/visitor.mjs';

/** Set SHOTS=folder to keep a screenshot of each view. */
const SHOTS = process.env.SHOTS;

const LIVE = 'live@example.org';
const STILL = 'still@example.org';
/** Text that would become an element if it were treated as HTML. */
const HOSTILE = '<img src="/x" onerror="document.title=1"> & "seen"';

let server;
/** The operator's browser: every test has its own tab, and therefore its own key. */
let browser;
before(async () => {
  // On a busy machine few frames are read, and a blink of the clip may fall between two: allow time for several.
  server = await startServer({ LIVENESS_TIMEOUT_SECONDS: '25' });
  const people = [[LIVE, true], [STILL, false]];
  const visitors = await Promise.all(people.map(([, blinks]) => openVisitor({ clip: portraitClip({ blinks }) })));
  try {
    for (const [index, visitor] of visitors.entries()) await comeToCamera(visitor, server, people[index][0]);
    const ends = visitors.map(async ({ page }) => {
      await page.click('#start');
      return screen(page, ['verified', 'failed', 'error'], 90_000);
    });
    assert.deepEqual(await Promise.all(ends), ['verified', 'failed']);
  } finally {
    for (const visitor of visitors) await visitor.close();
  }
  browser = await openVisitor({ serviceWorkers: 'block' });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * Opens the console in its own tab, signed in with `key` (by default ADMIN_API_KEY) unless that is null, and closes it.
 */
async function operate(steps, { key = server.adminKey(), hash = '', viewport = DESKTOP } = {}) {
  const page = await browser.context.newPage();
  const errors = [];
  const requests = [];
  page.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
  page.on('pageerror', (error) => { errors.push(String(error)); });
  page.on('request', (request) => { requests.push(new URL(request.url())); });
  try {
    await page.setViewportSize(viewport);
    await page.goto(`${server.base}/admin${hash}`);
    await screen(page, ['key']);
    if (key !== null) {
      await signIn(page, key);
      await screen(page, ['events', 'event', 'audit', 'error']);
    }
    await steps(page, requests);
    assert.deepEqual(errors.filter((text) => !/status of 4\d\d/.test(text)), [], 'the console reported errors');
    for (const { protocol, origin, href } of requests) {
      assert.ok(protocol === 'blob:' || origin === server.base, `another host was asked: ${href}`);
      assert.ok(!href.includes(key ?? server.adminKey()), 'a key in an address');
    }
  } catch (error) {
    await page.screenshot({ path: join(SHOTS ?? server.data, 'failure.png') }).catch(() => {});
    console.log(server.log().split('\n').filter((line) => !line.includes('/assets/')).slice(-60).join('\n'));
    throw error;
  } finally {
    await page.close();
  }
}

async function signIn(page, key) {
  await page.fill('#key', key);
  await page.press('#key', 'Enter');
}

const rowsOf = (page) => page.locator('#events-list tbody tr');
const eventOf = (email) => server.rows(`select * from verification_events where email = '${email}'`)[0];
const statusOf = (email) => server.rows(`select status from users where email = '${email}'`)[0]?.status;
const audited = (action) =>
  server.rows(`select actor, details from audit_entries where action = '${action}' order by created_at, id`);

/** Opens the event of this address from the list. */
async function openEvent(page, email) {
  await page.locator('#events-list tbody tr', { hasText: email }).locator('a').click();
  await screen(page, ['event']);
}

/** Runs the program with the server's settings: a checkpoint names the site's address. */
function run(...args) {
  const env = { PATH: process.env.PATH, HOME: server.data, DATA_DIR: server.data, PORT: new URL(server.base).port };
  return execFileSync(PROGRAM, args, { env, cwd: server.data, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
}

test('a wrong key is refused in words, the right one stays in this tab, and signing out forgets it', async () => {
  await operate(async (page) => {
    await signIn(page, 'no-such-key');
    await page.waitForSelector('#message[data-code="admin_key_wrong"]');
    assert.match(await page.textContent('#message'), /is not valid/);
    assert.deepEqual(
      await page.$eval('#key', (key) => [key.getAttribute('aria-invalid'), document.activeElement === key]),
      ['true', true],
    );
    await signIn(page, server.adminKey());
    await screen(page, ['events']);
    await page.reload();
    await screen(page, ['events']);
    assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, '']);
    const other = await browser.context.newPage();
    await other.goto(`${server.base}/admin`);
    assert.equal(await screen(other, ['key', 'events']), 'key', 'another tab');
    await other.close();
    await page.click('#sign-out');
    await screen(page, ['key']);
    assert.deepEqual(await page.evaluate(() => [sessionStorage.length, location.hash]), [0, '']);
    assert.ok(!(await page.content()).includes(LIVE), 'the page still has the data');
    await page.reload();
    assert.equal(await screen(page, ['key', 'events']), 'key', 'after a reload');
  }, { key: null });
});

test('filters are kept in the hash of the address, across a reload and in a link', async () => {
  await operate(async (page, requests) => {
    await rowsOf(page).nth(1).waitFor();
    assert.equal(await page.textContent('.count'), '2 events');
    await page.selectOption('#filter-status', 'FAILED');
    await page.selectOption('#filter-reason', 'timeout');
    await page.fill('#filter-email', STILL.toUpperCase());
    await page.press('#filter-email', 'Enter');
    await page.waitForSelector('.count:text-is("1 event")');
    const address = new URL(page.url());
    assert.equal(address.search, '');
    assert.equal(address.hash, `#events?status=FAILED&reason=timeout&email=${encodeURIComponent(STILL.toUpperCase())}`);
    await page.reload();
    await page.waitForSelector('.count:text-is("1 event")');
    assert.deepEqual(
      await page.$$eval('#filters select, #filter-email', (fields) => fields.map((field) => field.value)),
      ['FAILED', 'timeout', STILL.toUpperCase(), ''],
    );
    assert.match(await rowsOf(page).first().textContent(), /Time ran out/);
    // Like a link from somebody else, and back with the browser's own button.
    await page.evaluate(() => { location.hash = '#events?from=2001-01-01&to=2001-01-02'; });
    await page.waitForSelector('.nothing h2:text-is("Nothing matches these filters")');
    await page.goBack();
    await page.waitForSelector('.count:text-is("1 event")');
    await page.click('#clear');
    await page.waitForSelector('.count:text-is("2 events")');
    assert.equal(new URL(page.url()).hash, '#events');
    await page.evaluate(() => { location.hash = '#events?from=never'; });
    await page.waitForSelector('#events-list [data-code="filter_invalid"]');
    assert.match(await page.textContent('#events-list .message'), /from/);
    const asked = requests.filter(({ pathname }) => pathname === '/admin');
    assert.ok(
      asked.length > 0 && asked.every(({ search }) => search === ''),
      'an address sent to the server contains filters',
    );
  });
});

test('the list loads more pages, and announces that to screen readers', async () => {
  await operate(async (page) => {
    // A page of one event each.
    await page.route('**/admin/events?*', (route) =>
      route.continue({ url: route.request().url().replace('limit=100', 'limit=1') }),
    );
    await page.click('#refresh');
    await page.waitForSelector('.count:text-is("1 event so far, more available")');
    await page.focus('[data-more]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.count:text-is("2 events")');
    assert.equal(await rowsOf(page).count(), 2);
    assert.equal(await page.textContent('#said'), '2 events');
    assert.equal(
      await page.evaluate(() => document.activeElement?.closest('tr')?.rowIndex),
      2,
      'the focus is on the first new row',
    );
    assert.equal(await page.locator('[data-more]').count(), 0);
  });
});

test('an event shows every frame of its recording, with the same figures as a table', async () => {
  const { id } = eventOf(LIVE);
  const answer = await fetch(`${server.base}/admin/events/${id}`, { headers: { 'X-Admin-Key': server.adminKey() } });
  const { curve, record, timeline } = await answer.json();
  await operate(async (page) => {
    assert.equal(await page.textContent('#event-title'), `Verified: ${LIVE}`);
    for (const eye of ['left', 'right']) {
      const drawn = await page.getAttribute(`.plot .line[data-eye="${eye}"]`, 'd');
      assert.equal(drawn.match(/[ML]/g).length, curve.frames.filter((frame) => frame[eye] !== null).length, eye);
    }
    assert.equal(curve.frames.length, record.frames);
    assert.equal(
      await page.locator('.plot .scored path').count(),
      2 * curve.cells.filter(({ scored }) => scored !== null).length,
    );
    assert.equal(await page.locator('.plot .closures rect').count(), record.closures.length);
    assert.deepEqual(
      await page.$$eval('.plot [data-capture]', (marks) =>
        marks.map((mark) => mark.getAttribute('data-capture')).sort(),
      ),
      ['closed', 'open'],
    );
    assert.match(await page.getAttribute('svg.plot', 'aria-label'), new RegExp(`${curve.frames.length} frames`));
    await page.click('#cell-figures summary');
    const figures = await page.$$eval('#cell-figures tbody tr', (rows) =>
      rows.map((row) => [...row.cells].map((cell) => cell.textContent)),
    );
    assert.ok(figures.length >= 8, `${figures.length} cells`);
    assert.equal(figures.length, curve.cells.length);
    const both = (ears) => `${ears.left.toFixed(3)} / ${ears.right.toFixed(3)}`;
    assert.deepEqual(figures[0].slice(2, 4), [both(curve.cells[0].claimed), both(curve.cells[0].scored)]);
    assert.equal(await page.locator('.timeline li').count(), timeline.length);
    const before = await page.getAttribute('.plot .line[data-eye="left"]', 'd');
    await page.click('.spans button:text-is("Closure 1")');
    assert.equal(await page.getAttribute('.spans button:text-is("Closure 1")', 'aria-pressed'), 'true');
    const after = await page.getAttribute('.plot .line[data-eye="left"]', 'd');
    // Around a closure 400 ms are shown, which may be the whole of a short recording.
    const [{ start_ms, end_ms }] = curve.closures;
    const isPart = start_ms - 400 > curve.frames[0].t || end_ms + 400 < curve.frames.at(-1).t;
    assert.equal(after !== before, isPart);
    assert.ok(await page.locator('.cells li:visible').count() > 0);
  }, { hash: `#event/${id}` });
  await operate(async (page) => {
    await page.waitForSelector('#problem[data-code="not_found"]');
  }, { hash: '#event/0199-none' });
});

test('an attempt without a recording says so and loads nothing', async () => {
  await operate(async (page) => {
    await openEvent(page, STILL);
    assert.match(await page.textContent('#event'), /There is no recording/);
    assert.equal(await page.locator('svg.plot, .picture, #bundle').count(), 0);
    assert.match(await page.textContent('.decision'), /Time ran out before everything was done/);
    await page.click('#back');
    await screen(page, ['events']);
    assert.equal(
      await page.evaluate(() => document.activeElement?.closest('tr')?.textContent?.includes('still@')),
      true,
      'back at the row',
    );
  });
});

test('pictures load only on request, and each view is in the audit trail', async () => {
  const before = audited('capture_viewed').length;
  const { id, open_capture_ref, closed_capture_ref, strip_ref } = eventOf(LIVE);
  await operate(async (page, requests) => {
    const loaded = () => requests.map(({ pathname }) => pathname).filter((path) => path.startsWith('/admin/captures/'));
    await page.waitForSelector('svg.plot');
    assert.deepEqual(
      [loaded(), await page.locator('#event img').count(), audited('capture_viewed').length],
      [[], 0, before],
    );
    for (const reference of [open_capture_ref, closed_capture_ref, strip_ref]) {
      await page.click(`[data-reference="${reference}"] button`);
      await page.waitForSelector(`[data-reference="${reference}"][data-state="shown"]`);
    }
    assert.deepEqual(
      loaded(),
      [open_capture_ref, closed_capture_ref, strip_ref].map((reference) => `/admin/${reference}`),
    );
    assert.ok(
      await page.$eval(
        `[data-reference="${open_capture_ref}"] img`,
        (image) => image.naturalWidth > 100 && image.alt !== '',
      ),
    );
    const bright = await page.$$eval(
      '.cells canvas',
      (canvases) =>
        canvases.filter((canvas) =>
          canvas
            .getContext('2d')
            .getImageData(40, 40, 16, 16)
            .data.some((value, at) => at % 4 < 3 && value > 40),
        ).length,
    );
    assert.deepEqual(
      [bright, bright > 0],
      [await page.locator('.cells li').count(), true],
      'every cell of the strip is drawn',
    );
    await page.click(`[data-reference="${open_capture_ref}"] button`);
    assert.equal(await page.locator(`[data-reference="${open_capture_ref}"] img`).count(), 0, 'hidden again');
    await page.click(`[data-reference="${open_capture_ref}"] button`);
    await page.waitForSelector(`[data-reference="${open_capture_ref}"] img`);
    const entries = audited('capture_viewed').slice(before).map(({ details }) => JSON.parse(details).reference);
    assert.deepEqual(entries, [open_capture_ref, closed_capture_ref, strip_ref, open_capture_ref]);
    await page.click('#to-audit');
    await page.waitForSelector('#audit-list [data-action="capture_viewed"]');
    assert.ok((await page.textContent('#audit-list tbody tr:first-child')).includes(open_capture_ref));
    await page.click(`#audit-list tbody tr:first-child a`);
    await screen(page, ['event']);
    assert.equal(new URL(page.url()).hash, `#event/${id}`);
  }, { hash: `#event/${id}` });
});

test('an event marked by a signal says which, and is listed among those to be reviewed', async () => {
  const { id } = eventOf(LIVE);
  const mark = (review) => server.rows(`update verification_events set review = ${review} where id = '${id}'`);
  mark(`'{"near_copies":[],"signals":["depth","wobble"]}'`);
  try {
    await operate(async (page) => {
      assert.equal(await page.locator('#events-list tbody tr').count(), 1);
      await openEvent(page, LIVE);
      const marks = await page.locator('.decision .message li').allTextContents();
      assert.deepEqual(marks, ['The face turns almost like a flat picture.', 'Mouth, brows and cheeks hardly move.']);
      assert.match(await page.textContent('.decision'), /To be reviewed/);
    }, { hash: '#events?review=open' });
  } finally {
    mark('null');
  }
});

test('a review needs a note, works by keyboard alone, and its note is shown as plain text', async () => {
  const { id, status } = eventOf(LIVE);
  await operate(async (page) => {
    await page.focus('#decline');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#review-dialog[open]');
    await page.keyboard.press('Escape');
    assert.deepEqual(
      await page.evaluate(() => [document.querySelector('#review-dialog')?.open, document.activeElement?.id]),
      [false, 'decline'],
    );
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'review-note');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#review-message:not([hidden])');
    assert.equal(statusOf(LIVE), 'VERIFIED');
    await page.keyboard.type(HOSTILE);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.reviews li[data-decision="decline"]');
    assert.equal(await page.textContent('.reviews .note'), HOSTILE);
    assert.equal(await page.locator('#event img').count(), 0);
    assert.match(await page.textContent('#said'), /is now Failed/);
    assert.deepEqual(
      [statusOf(LIVE), eventOf(LIVE).status],
      ['FAILED', status],
      'the person is declined, the event is unchanged',
    );
    await page.click('#approve');
    await page.fill('#review-note', 'Seen and known.');
    await page.click('#review-submit');
    await page.waitForSelector('.reviews li[data-decision="approve"]');
    assert.equal(statusOf(LIVE), 'VERIFIED');
    await page.click('#back');
    await page.waitForSelector('#events-list [data-status="approved"]');
  }, { hash: `#event/${id}` });
});

test('the export contains the filtered events', async () => {
  await operate(async (page) => {
    const saving = page.waitForEvent('download');
    await page.click('#csv');
    const download = await saving;
    assert.equal(download.suggestedFilename(), 'events.csv');
    const lines = readFileSync(await download.path(), 'utf8').trim().split(/\r?\n/);
    assert.equal(lines.length, 2);
    assert.ok(lines[0].startsWith('id,email,status,reason,') && lines[1].includes(STILL));
    assert.equal(await page.textContent('#said'), 'Saved as events.csv.');
  }, { hash: '#events?status=FAILED' });
});

test('the displayed commands repeat the decision from the downloaded bundle', async () => {
  const { id } = eventOf(LIVE);
  await operate(async (page) => {
    const saving = page.waitForEvent('download');
    await page.click('#bundle');
    const download = await saving;
    await download.saveAs(join(server.data, download.suggestedFilename()));
    const [unpack, verify] = (await page.textContent('.commands')).split('\n').map((line) => line.split(' '));
    assert.deepEqual([unpack[0], verify[0]], ['tar', 'blinkgate']);
    execFileSync('tar', unpack.slice(1), { cwd: server.data });
    const { verdict, same, first_difference } = JSON.parse(run(...verify.slice(1)));
    assert.deepEqual({ verdict, same, first_difference }, { verdict: 'Accepted', same: true, first_difference: null });
    assert.equal(audited('bundle_taken').length, 1);
  }, { hash: `#event/${id}` });
});

test('a checkpoint of the audit trail is saved, and verifies', async () => {
  await operate(async (page) => {
    const saving = page.waitForEvent('download');
    await page.click('#checkpoint');
    const download = await saving;
    assert.match(download.suggestedFilename(), /^checkpoint-\d{4}-\d\d-\d\d\.txt$/);
    await download.saveAs(join(server.data, 'checkpoint.txt'));
    assert.deepEqual(JSON.parse(run('verify-log', '--checkpoint', 'checkpoint.txt')).findings, []);
  }, { hash: '#audit' });
});

test('a key opens what its scopes allow, and no more', async () => {
  const { id } = eventOf(LIVE);
  const make = (...scopes) => run('keys', 'add', scopes.join('-'), '--scope', scopes.join(',')).trim();
  const seen = (page) =>
    page.$$eval('#nav > *', (items) => items.filter((item) => item.checkVisibility()).map((item) => item.id));
  await operate(async (page, requests) => {
    assert.deepEqual(await seen(page), ['to-events', 'to-sites']);
    assert.equal(await page.textContent('#name'), 'Key: events');
    await page.waitForSelector('svg.plot');
    assert.equal(await page.locator('.picture, #bundle, #approve, #erase-this').count(), 0);
    assert.match(await page.textContent('#event'), /may not look at pictures/);
    const asked = requests.map(({ pathname }) => pathname).filter((path) => path.startsWith('/admin/'));
    assert.deepEqual(asked, ['/admin/me', `/admin/events/${id}`]);
  }, { key: make('events'), hash: `#event/${id}` });
  await operate(async (page) => {
    assert.deepEqual(await seen(page), ['to-audit']);
    await page.waitForSelector('#audit-list tbody tr');
    assert.equal(await page.locator('#audit-list a').count(), 0);
  }, { key: make('audit') });
  await operate(async (page) => {
    assert.deepEqual(await seen(page), []);
    assert.match(await page.textContent('#problem'), /gives access to nothing shown here/);
  }, { key: make('metrics') });
  await operate(async (page) => {
    run('keys', 'revoke', 'events-captures');
    await page.click('#refresh');
    await screen(page, ['key']);
    assert.match(await page.textContent('#message'), /revoked/);
  }, { key: make('events', 'captures') });
});

for (const [device, viewport] of [['phone', PHONE], ['desktop', DESKTOP]]) {
  test(`every view is accessible and fits on a ${device}, light and dark`, async () => {
    await operate(async (page) => {
      await look(page, `${device}-events`);
      await openEvent(page, STILL);
      await look(page, `${device}-timeout`);
      await page.click('#back');
      await openEvent(page, LIVE);
      await page.waitForSelector('svg.plot');
      await page.click('#cell-figures summary');
      for (const button of await page.locator('.picture button').all()) await button.click();
      await page.waitForFunction(() => document.querySelectorAll('.picture[data-state="shown"]').length === 3);
      await look(page, `${device}-event`);
      await page.click('#approve');
      await page.click('#review-submit');
      await look(page, `${device}-review`);
      await page.keyboard.press('Escape');
      await page.click('#erase-this');
      await page.waitForSelector('#erase-found:not([hidden])');
      await look(page, `${device}-erase`);
      await page.keyboard.press('Escape');
      await page.click('#to-sites');
      await page.waitForSelector('#checks-list tbody tr');
      await look(page, `${device}-sites`);
      await page.click('#to-audit');
      await page.waitForSelector('#audit-list tbody tr');
      await look(page, `${device}-audit`);
      await page.evaluate(() => { location.hash = '#events?email=nobody@example.org'; });
      await page.waitForSelector('.nothing');
      await look(page, `${device}-nothing`);
      await page.click('#sign-out');
      await signIn(page, 'wrong');
      await page.waitForSelector('#message[data-code]');
      await look(page, `${device}-key`);
    }, { viewport });
  });
}

/** No accessibility findings and no sideways scrolling, in both colour schemes. */
async function look(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    if (SHOTS) {
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({
        path: join(SHOTS, `admin-${name}-${colorScheme}.png`),
        fullPage: !/review|erase/.test(name),
      });
    }
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(wider <= 0, `${name} scrolls sideways by ${wider} px`);
    assert.deepEqual(await violations(page), [], `${name}, ${colorScheme}, has accessibility findings`);
  }
}

test('erasing first shows what would be erased, and needs the address typed again', async () => {
  await operate(async (page) => {
    await page.click('#to-erase');
    await page.fill('#erase-email', 'nobody@example.org');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#erase-message:not([hidden])');
    assert.match(await page.textContent('#erase-message'), /no user with this address/);
    await page.fill('#erase-email', STILL);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#erase-found:not([hidden])');
    assert.match(await page.textContent('#erase-traces'), /Attempts[^0-9]*1/);
    assert.equal(statusOf(STILL), 'FAILED', 'erased too early');
    await page.fill('#erase-confirm', LIVE);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#erase-message:not([hidden])');
    assert.equal(statusOf(STILL), 'FAILED', 'another address erases nobody');
    // After another address is entered, the preview no longer applies.
    await page.fill('#erase-email', LIVE);
    assert.equal(await page.isVisible('#erase-found'), false);
    await page.keyboard.press('Escape');
    await openEvent(page, STILL);
    await page.click('#erase-this');
    await page.waitForSelector('#erase-found:not([hidden])');
    assert.equal(await page.inputValue('#erase-email'), STILL);
    await page.fill('#erase-confirm', STILL);
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      () => document.querySelector('#said')?.textContent === 'still@example.org has been erased.',
    );
    assert.equal(statusOf(STILL), undefined);
    assert.match(await page.textContent('#event-title'), /^Failed: erased-/);
    assert.equal(await page.locator('#approve, #erase-this').count(), 0);
    await page.click('#back');
    await page.waitForSelector('#events-list tbody tr:has-text("erased-")');
    assert.ok(!(await page.content()).includes(STILL));
  });
});
