// Attempts that do not end in VERIFIED, and what the person is told: in a real browser, on real frames.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { framesIn, portraitClip, recordedClip, skipWithout } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { NOISE, changeModule, messageCode, noteFrames, openVisitor, screen } from './lib/visitor.mjs';

let server;
let mails = 0;
before(async () => { server = await startServer({ LIVENESS_TIMEOUT_SECONDS: '8' }); });
after(async () => { await server?.stop(); });

/** Opens the camera page as a new visitor, runs `steps` and closes the browser. */
async function visit(options, steps) {
  const visitor = await openVisitor(options);
  try {
    await visitor.page.goto(`${server.base}/`);
    await visitor.page.fill('#register input[name=email]', `visitor${mails}@example.org`);
    await visitor.page.click('#register button[type=submit]');
    await visitor.page.waitForURL('**/check-mail');
    const link = await server.link(mails);
    mails += 1;
    await options.prepare?.(visitor);
    await visitor.page.goto(link);
    await visitor.page.click('#redeem');
    await visitor.page.waitForURL('**/camera');
    await steps(visitor.page, visitor);
  } finally {
    await visitor.close();
  }
}

const statusOf = (index) =>
  server.rows(`select status from users where email = 'visitor${index}@example.org'`)[0].status;
const events = (index) =>
  server.rows(`select status, reason from verification_events where email = 'visitor${index}@example.org'`);

for (const [who, clipOf] of [
  ['a portrait that never blinks', () => portraitClip({ blinks: false })],
  ['a person with narrow eyes who never blinks', () => recordedClip('videoretalking__2.mp4')],
]) {
  test(`${who} ends FAILED by timeout and may try again`, async (t) => {
    const clip = clipOf();
    if (skipWithout(clip, t, who)) return;
    const person = mails;
    await visit({ clip }, async (page) => {
      await page.click('#start');
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'failed');
      await messageCode(page, 'timeout');
      assert.equal(statusOf(person), 'FAILED');
      assert.deepEqual(events(person), [{ status: 'FAILED', reason: 'timeout' }]);
      await page.click('#retry');
      await screen(page, ['recording', 'align'], 30_000);
    });
  });
}

for (const [who, clipOf] of [
  ['two people side by side', () => portraitClip({ twice: true })],
  ['a woman and a man', () => recordedClip('intel__head-pose-face-detection-female-and-male.gif')],
]) {
  test(`${who} are told that only one person may be there, and are never verified`, async (t) => {
    const clip = clipOf();
    if (skipWithout(clip, t, who)) return;
    const person = mails;
    await visit({ clip, prepare: ({ context }) => context.addInitScript(noteFrames) }, async (page) => {
      await page.click('#start');
      await messageCode(page, 'several_faces', 60_000);
      // The engine reads as many frames as the clip has, and an attempt that began all the same comes to its end.
      const wanted = framesIn(clip) + await page.evaluate(() => globalThis.frames.length);
      await page.waitForFunction((count) => {
        const { screen } = document.querySelector('main').dataset;
        const isOver = !['align', 'recording', 'uploading'].includes(screen);
        return isOver || (screen === 'align' && globalThis.frames.length >= count);
      }, wanted, { timeout: 90_000 });
      assert.notEqual(await page.getAttribute('main', 'data-screen'), 'verified');
      assert.notEqual(statusOf(person), 'VERIFIED');
    });
  });
}

test('a denied camera is explained and can be tried again', async () => {
  await visit({ clip: portraitClip(), allow: false }, async (page) => {
    await page.click('#start');
    await messageCode(page, 'camera_denied', 30_000);
    assert.equal(await page.getAttribute('main', 'data-screen'), 'error');
  });
});

test('a missing camera is reported', async () => {
  await visit({ clip: null }, async (page) => {
    await page.click('#start');
    await messageCode(page, 'camera_missing', 30_000);
  });
});

test('a camera that is kept from the page is not blamed on the person', async () => {
  const prepare = ({ context }) =>
    context.route('**/camera', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), 'permissions-policy': 'camera=()' } });
    });
  await visit({ clip: portraitClip(), serviceWorkers: 'block', prepare }, async (page) => {
    await messageCode(page, 'camera_policy', 30_000);
    assert.equal(await page.isVisible('#recipe'), false);
  });
});

test('a permission prompt without an answer is pointed to until it is answered', async () => {
  const prepare = ({ context }) =>
    context.addInitScript(() => {
      const { mediaDevices } = navigator;
      const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
      const answered = new Promise((resolve) => { globalThis.answer = resolve; });
      mediaDevices.getUserMedia = (wishes) => answered.then(() => getUserMedia(wishes));
    });
  await visit({ clip: portraitClip({ blinks: false }), prepare }, async (page) => {
    await page.click('#start');
    await page.waitForTimeout(5000);
    assert.equal(await page.isVisible('#loading-note'), false);
    await messageCode(page, 'camera_unanswered');
    assert.equal(await page.getAttribute('main', 'data-screen'), 'loading');
    await page.evaluate(() => globalThis.answer());
    await page.waitForSelector('#loading-note', { state: 'hidden' });
    await screen(page, ['align', 'recording'], 60_000);
  });
});

test('blocked cookies are named on the page of the link, and the link still works once they are allowed', async () => {
  await visit({ clip: null }, async () => {});
  const link = await server.link();
  for (const cookies of [false, true]) {
    const { page, close } = await openVisitor({ cookies });
    try {
      await page.goto(link);
      await page.click('#redeem');
      if (cookies) await page.waitForURL('**/camera');
      else await messageCode(page, 'cookies_blocked');
      for (const path of cookies ? [] : ['/camera', '/result']) {
        await page.goto(`${server.base}${path}`);
        await messageCode(page, 'cookies_blocked');
      }
    } finally {
      await close();
    }
  }
});

test('a browser without WebAssembly is reported before the camera is requested', async () => {
  const prepare = ({ context }) => context.addInitScript(() => { delete globalThis.WebAssembly; });
  await visit({ clip: portraitClip(), prepare }, async (page) => {
    await messageCode(page, 'wasm_disabled', 30_000);
  });
});

test('a browser that returns noise for pixels is told which setting to change, and loads nothing', async () => {
  const prepare = async ({ context }) => {
    await context.addInitScript(NOISE);
    await changeModule(context, '**/engine-worker.js', (text) => `${NOISE}\n${text}`);
  };
  await visit({ clip: portraitClip(), serviceWorkers: 'block', prepare }, async (page, { requests }) => {
    await page.click('#start');
    await messageCode(page, 'pixels_falsified', 30_000);
    assert.match(await page.textContent('#recipe'), /fingerprinting/);
    assert.equal(await page.textContent('#error-actions'), 'Reload the pageAsk for a new link');
    assert.deepEqual(requests.filter((request) => request.url().includes('/models/')), []);
  });
});

test('a damaged model file stops the engine with its own code', async () => {
  const prepare = ({ context }) =>
    context.route('**/models/**', (route) => route.fulfill({ body: Buffer.alloc(1000) }));
  await visit({ clip: portraitClip(), serviceWorkers: 'block', prepare }, async (page) => {
    await page.click('#start');
    await messageCode(page, 'model_corrupt', 60_000);
  });
});

test('cancelling is recorded, and costs no attempt the first time', async () => {
  const person = mails;
  await visit({ clip: portraitClip({ blinks: false }) }, async (page) => {
    await page.click('#start');
    await screen(page, ['recording'], 60_000);
    await page.click('#cancel');
    assert.equal(await screen(page, ['priming'], 30_000), 'priming');
    await page.waitForTimeout(500);
    assert.deepEqual(events(person), [{ status: 'FAILED', reason: 'cancelled' }]);
    assert.equal(statusOf(person), 'PENDING');
    const session = await page.evaluate(async () => (await fetch('/api/session')).json());
    assert.equal(session.attempts_left, 5);
  });
});

test('a check whose pictures cannot be sent says so, and leads to another attempt or out', async () => {
  const person = mails;
  // An engine that has forgotten its recording answers like one that has no pair of pictures to send.
  const prepare = ({ context }) =>
    context.addInitScript(() => {
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (message, ...rest) {
        if (message.op === 'signingInput') postMessage.call(this, { id: 0, op: 'reset', args: [] });
        return postMessage.call(this, message, ...rest);
      };
    });
  await visit({ clip: portraitClip(), prepare }, async (page) => {
    await page.click('#start');
    assert.equal(await endInTime(page), 'error');
    await messageCode(page, 'captures_unusable');
    await page.click('#retry');
    await screen(page, ['align', 'recording'], 30_000);
    assert.equal(await endInTime(page), 'error');
    await page.click('#cancel');
    await screen(page, ['priming']);
    assert.ok(events(person).some(({ reason }) => reason === 'cancelled'), 'the server was told');
  });
});

test('the camera page without a session leads back to the start', async () => {
  const visitor = await openVisitor();
  try {
    await visitor.page.goto(`${server.base}/camera`);
    await messageCode(visitor.page, 'session_missing');
  } finally {
    await visitor.close();
  }
});

test('used and invented links are refused with advice', async () => {
  await visit({ clip: null }, async () => {});
  server.rows('update verification_tokens set used_at = 1');
  const visitor = await openVisitor();
  try {
    await visitor.page.goto(await server.link());
    await visitor.page.click('#redeem');
    await messageCode(visitor.page, 'token_used');
    await visitor.page.goto(`${server.base}/verify?token=${'A'.repeat(43)}`);
    await visitor.page.click('#redeem');
    await messageCode(visitor.page, 'token_unknown');
  } finally {
    await visitor.close();
  }
});

/** The end of a check that may be repeated if time ran out: on a busy machine a blink can fall between two frames. */
async function endInTime(page) {
  for (let retries = 0; ; retries += 1) {
    const end = await screen(page, ['verified', 'failed', 'error'], 90_000);
    const isTimeout = end === 'failed' && await page.getAttribute('#reason', 'data-code') === 'timeout';
    if (!isTimeout || retries === 2) return end;
    await page.click('#retry');
    await screen(page, ['loading', 'align', 'recording']);
  }
}

/** Everything that opening a link could have changed. */
const links = () => server.rows('select token_hash, used_at, session_id from verification_tokens order by 1');

test('SR-17, SR-18: a scanner changes nothing by opening a link and locks nobody out by redeeming it', async () => {
  const scanner = await openVisitor();
  try {
    await visit(
      {
        clip: portraitClip(),
        prepare: async () => {
          const link = await server.link();
          const before = links();
          for (let visits = 0; visits < 3; visits++) {
            await scanner.page.goto(link);
            // Not until the network is idle: the page ends a worker before its script has arrived.
            await scanner.page.waitForSelector('#redeem');
            await scanner.page.waitForTimeout(700);
          }
          assert.deepEqual(links(), before);
          await scanner.page.click('#redeem');
          await scanner.page.waitForURL('**/camera');
        },
      },
      async (page) => {
        await scanner.page.goto(`${server.base}/camera`);
        await messageCode(scanner.page, 'session_replaced');
        await page.click('#start');
        assert.equal(await endInTime(page), 'verified');
      },
    );
    await scanner.page.goto(await server.link());
    await scanner.page.click('#redeem');
    await messageCode(scanner.page, 'token_used');
  } finally {
    await scanner.close();
  }
});

test('after several failed checks the page says how long to wait, also in the middle of a check', async () => {
  const failures = (count) =>
    server.rows(`insert into attempts
    select hex(randomblob(8)), address_key, (unixepoch() - value) * 1000, (unixepoch() - value) * 1000, 'counted'
    from (select address_key from mail_outbox order by created_at desc limit 1), generate_series(1, ${count})`);
  await visit({ clip: portraitClip({ blinks: false }) }, async (page) => {
    await screen(page, ['priming']);
    failures(5);
    await page.click('#start');
    await messageCode(page, 'cooling_down', 60_000);
    assert.match(await page.textContent('#problem'), /30 minutes/);
    server.rows('delete from attempts');
    await page.click('#retry');
    await screen(page, ['priming']);
    failures(5);
    await page.reload();
    await messageCode(page, 'cooling_down');
  });
});
