// Other engines than Chromium's: the whole way in Firefox and in WebKit, with a person of recorded frames in front of a
// camera that the page's script replaces. Tests with the browser's own fake camera are Chromium's.
// Needs the whole machine: the person's camera runs in the page, without help from a graphics card (check_browser in
// scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  FIREFOX, WEBKIT, keepPicture, shown, startListening, until, walkToCamera,
} from './lib/engines.mjs';
import { camera, portraitPerson, recordedPerson } from './lib/person.mjs';
import { startServer } from './lib/server.mjs';
import { openShop } from './lib/shop.mjs';
import { DESKTOP, PHONE } from './lib/visitor.mjs';

/**
 * How far half of the frames' times may be from when their pictures were drawn, apart from the delay that all share. On
 * a busy machine the page reads the next picture, 33 ms later. A clock that stands still is off by more.
 */
const MAX_JITTER_MS = 60;

const PEOPLE = [
  ['the free portrait', portraitPerson],
  ['a man with glasses', () => recordedPerson('liveportrait__d13.mp4')],
  ['a woman who blinks often', () => recordedPerson('videoretalking__4.mp4')],
];

for (const browser of [FIREFOX, WEBKIT]) {
  const lacks = browser.lacks();
  if (lacks !== null) {
    console.log(`SKIPPED: tests in ${browser.name}: ${lacks} is not installed`);
    test(`${browser.name} is there`, { skip: process.env.CI === 'true' ? false : `${lacks} is not installed` }, () => {
      assert.fail(`${lacks} is not installed`);
    });
    continue;
  }

  describe(browser.name, () => {
    /** One server a policy, each behind a proxy if the browser needs one. @type {Record<string, any>} */
    const servers = {};
    const proxies = [];
    /** @type {import('./lib/engines.mjs').Visitor} */
    let visitor;
    before(async () => {
      for (const policy of browser.policies) {
        const settings = { CHALLENGE_POLICY: policy, LIVENESS_TIMEOUT_SECONDS: '45' };
        if (!browser.listens) {
          servers[policy] = await startServer(settings);
          continue;
        }
        const proxy = await startListening();
        proxies.push(proxy);
        const server = await startServer({ ...settings, APP_BASE_URL: proxy.base });
        proxy.aim(server.base);
        servers[policy] = { ...server, base: proxy.base };
      }
      visitor = await browser.open();
    });
    after(async () => {
      await visitor?.close();
      for (const proxy of proxies) await proxy.stop();
      for (const server of Object.values(servers)) await server.stop();
    });

    /**
     * The end of a check and the reason, repeated if no gesture was seen: on a busy machine it may fall between two
     * frames.
     */
    async function end() {
      for (let retries = 2; ; retries -= 1) {
        const name = await shown(visitor, ['verified', 'failed', 'error'], 120_000);
        const reason = await visitor.run(() => document.querySelector('#reason')?.dataset.code);
        const isMissed = name === 'failed' && ['timeout', 'prompt_missed'].includes(reason);
        if (!isMissed || retries === 0) return [name, reason].filter(Boolean).join(': ');
        console.log(`${browser.name}: another try after ${reason}`);
        await visitor.click('#retry');
        await shown(visitor, ['loading', 'align', 'recording']);
      }
    }

    let people = 0;
    for (const policy of browser.policies) {
      for (const [who, framesOf] of PEOPLE) {
        test(`${who} is VERIFIED in ${browser.name}, ${policy}`, async (t) => {
          const frames = framesOf();
          if (frames === null) return t.skip('the shared material is absent');
          const server = servers[policy];
          people += 1;
          const email = `person${people}@example.org`;
          try {
            await walkToCamera(visitor, server, email);
            await visitor.run(camera, { frames });
            await look(`priming-${policy}`);
            await visitor.click('#start');
            await shown(visitor, ['recording', 'error']);
            await keepPicture(visitor, `${browser.name}-recording-${policy}`);
            assert.equal(await end(), 'verified');
            const accepted = `email = '${email}' and status = 'VERIFIED'`;
            const events = server.rows(`select policy from verification_events where ${accepted}`);
            assert.deepEqual(events, [{ policy }]);
            await until(visitor, () => location.pathname === '/result', [], 30_000, 'the result did not open');
            await look(`result-${policy}`);
            assert.deepEqual(await visitor.errors(), [], 'the console reported errors');
          } catch (error) {
            await keepPicture(visitor, `failure-${browser.name}`);
            console.log('errors:', await visitor.errors());
            console.log(server.log().split('\n').filter((line) => !/assets|models/.test(line)).slice(-30).join('\n'));
            console.log(server.rows(`select reason, details from verification_events where email = '${email}'`));
            throw error;
          }
        });
      }
    }

    test(`frames have the times at which their pictures were drawn, in ${browser.name}`, async () => {
      await walkToCamera(visitor, servers.natural, 'clock@example.org');
      await visitor.run(numberedFrames);
      await visitor.click('#start');
      await until(visitor, () => globalThis.late_ms.length >= 90, [], 60_000, 'the camera gave too few frames');
      // The first ones come while the page is still busy.
      const late_ms = (await visitor.run(() => globalThis.late_ms)).slice(30);
      await visitor.click('#cancel');
      const usual_ms = median(late_ms);
      const jitter_ms = median(late_ms.map((late) => Math.abs(late - usual_ms)));
      console.log(`${browser.name}: frames are ${usual_ms.toFixed(1)} ms late, half within ${jitter_ms.toFixed(1)} ms`);
      assert.ok(jitter_ms <= MAX_JITTER_MS, `${jitter_ms} ms`);
    });

    test(`the element works on a page of another site, in ${browser.name}`, async (t) => {
      const { address } = await openShop(t, { tests: true });
      await visitor.goto(address);
      await visitor.fill('input[name=email]', 'pass@test.blinkgate');
      await visitor.click('button[value=here]');
      const ended = () => document.querySelector('blink-check')?.getAttribute('state') === 'verified';
      await until(visitor, ended, [], 30_000, 'the element did not say that the check has ended');
      await visitor.click('form > p > button');
      const isPlaced = () => document.body.textContent.includes('Your order is placed');
      await until(visitor, isPlaced, [], 30_000, 'the shop did not accept the result');
    });

    test(`the console opens in ${browser.name}`, async () => {
      const server = servers.natural;
      await visitor.goto(`${server.base}/admin`);
      await shown(visitor, ['key']);
      await visitor.fill('#key', server.adminKey());
      await visitor.click('#sign-in');
      await shown(visitor, ['events']);
      await look('console');
      await until(visitor, () => document.querySelectorAll('#events-list tbody tr').length > 0, [], 30_000, 'no event');
      await visitor.run(() => document.querySelector('#events-list tbody a').click());
      await shown(visitor, ['event']);
      await look('console-event');
      assert.deepEqual(await visitor.errors(), [], 'the console reported errors');
    });

    /** Looks at the page on a phone and on a desk: nothing may reach beyond its width. @param {string} name */
    async function look(name) {
      for (const [device, size] of [['desktop', DESKTOP], ['phone', PHONE]]) {
        await visitor.resize(size);
        await keepPicture(visitor, `${browser.name}-${name}-${device}`);
        // Some parts fit themselves to the new width a frame later.
        const fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth;
        await until(visitor, fits, [], 2_000, `${name} scrolls sideways on a ${device}`);
      }
    }
  });
}

/**
 * Runs in the page: a camera whose pictures are numbered, and `late_ms`, how much later than it was drawn each picture
 * claims to be that the page hands to the engine.
 */
function numberedFrames() {
  globalThis.late_ms = [];
  const SIDE = 32;
  const DIGITS = 3;
  const drawn_ms = [];
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d');
    setInterval(() => {
      // In base 8, each digit a grey.
      for (let digit = 0; digit < DIGITS; digit += 1) {
        const grey = ((drawn_ms.length >> (3 * digit)) % 8) * 32 + 16;
        context.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
        context.fillRect(digit * SIDE, 0, SIDE, SIDE);
      }
      drawn_ms.push(performance.now());
    }, 33);
    return canvas.captureStream(30);
  };
  const reader = Object.assign(document.createElement('canvas'), { width: 640, height: 480 })
    .getContext('2d', { willReadFrequently: true });
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.op === 'push') {
      const [image, t_ms] = message.args;
      reader.drawImage(image, 0, 0);
      const grey = (/** @type {number} */ digit) =>
        reader.getImageData(digit * SIDE + SIDE / 2, SIDE / 2, 1, 1).data[0];
      const number = [0, 1, 2].reduce((sum, digit) => sum + (Math.floor(grey(digit) / 32) << (3 * digit)), 0);
      // The numbers begin again after a while; no picture is that late.
      const latest = drawn_ms.length - 1;
      globalThis.late_ms.push(t_ms - drawn_ms[latest - ((latest - number) & (8 ** DIGITS - 1))]);
    }
    return postMessage.call(this, message, ...rest);
  };
}

/** @param {number[]} numbers */
function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
