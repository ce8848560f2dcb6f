// Camera frames on their way to the engine: one at a time, as many as the device can handle, in every kind of browser.
// Needs a steady frame rate: runs alone (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { NOISE, comeToCamera, noteFrames, openVisitor, screen } from './lib/visitor.mjs';

let server;
// A server for each test: the same clip gives the same pictures, and pictures that were sent before are refused.
beforeEach(async () => { server = await startServer(); });
afterEach(async () => { await server?.stop(); });

/**
 * Opens the camera page with `worker` run in the engine's worker and `page` in the page before anything else, presses
 * the button and runs `steps`.
 */
async function atTheCamera({ worker = '', page: inPage = () => {}, clip = portraitClip() }, steps) {
  const visitor = await openVisitor({ clip, serviceWorkers: 'block' });
  const { page, context } = visitor;
  try {
    await context.addInitScript(inPage);
    await context.route('**/engine-worker.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${worker}\n${await response.text()}` });
    });
    await comeToCamera(visitor, server);
    await screen(page, ['priming']);
    await page.click('#start');
    await steps(page);
    assert.deepEqual(visitor.errors, []);
  } finally {
    await visitor.close();
  }
}

/** Waits for this many frames and returns the notes. */
async function noted(page, count) {
  await screen(page, ['align', 'recording'], 60_000);
  await page.waitForFunction((wanted) => globalThis.frames.length >= wanted, count, { timeout: 60_000 });
  return page.evaluate(() => globalThis.frames);
}

test('one frame is in flight at a time', async () => {
  await atTheCamera({ page: noteFrames, clip: portraitClip({ blinks: false }) }, async (page) => {
    const frames = await noted(page, 60);
    assert.deepEqual(frames.filter(({ inFlight }) => inFlight !== 1), []);
  });
});

test('a device that needs 100 ms for a frame gets eight per second', async () => {
  // Every reading of the clock in the engine's worker is 100 ms later than the last.
  const worker = 'let passed = 0; performance.now = () => (passed += 100);';
  await atTheCamera({ worker, page: noteFrames, clip: portraitClip({ blinks: false }) }, async (page) => {
    const frames = (await noted(page, 60)).slice(30);
    // One every 125 ms; the first may be late and the last early, and a slow machine only makes gaps longer.
    const gap = (frames.at(-1).at - frames[0].at) / (frames.length - 1);
    assert.ok(gap > 115, `${gap} ms between frames`);
  });
});

for (const [browser, worker] of [
  ['compiles while it loads', 'delete WebAssembly.compileStreaming;'],
  [
    'copies frames as RGBA',
    'VideoFrame.prototype.copyTo = () => Promise.reject(new DOMException("no", "NotSupportedError"));',
  ],
]) {
  test(`a browser in which nothing ${browser} ends VERIFIED, too`, async () => {
    await atTheCamera({ worker }, async (page) => {
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
    });
  });
}

test('a browser whose workers read noise, but whose page may read pixels, ends VERIFIED, too', async () => {
  const inPage = () => { delete globalThis.VideoFrame; };
  await atTheCamera({ worker: NOISE, page: inPage }, async (page) => {
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
  });
});
