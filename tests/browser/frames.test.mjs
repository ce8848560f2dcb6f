// The way of the camera's frames to the engine: one at a time, as many as the device can bear, in browsers of every kind.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, openVisitor, screen } from './lib/visitor.mjs';

let server;
// A server each: the same clip gives the same pictures, and those that were sent before are refused.
beforeEach(async () => { server = await startServer(); });
afterEach(async () => { await server?.stop(); });

/**
 * Comes to the camera page with `worker` run in the engine's thread and `page` in the page before anything else; presses
 * the button and hands over.
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

/** Notes when each frame is handed over and how many are on their way then. */
function notingFrames() {
  globalThis.frames = [];
  const underWay = new Set();
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.op === 'push') {
      if (underWay.size === 0) this.addEventListener('message', ({ data }) => underWay.delete(data.id));
      underWay.add(message.id);
      globalThis.frames.push({ at: performance.now(), underWay: underWay.size });
    }
    return postMessage.call(this, message, ...rest);
  };
}

/** Waits for this many frames and says what was noted. */
async function noted(page, count) {
  await screen(page, ['align', 'recording'], 60_000);
  await page.waitForFunction((wanted) => globalThis.frames.length >= wanted, count, { timeout: 60_000 });
  return page.evaluate(() => globalThis.frames);
}

test('one frame is on its way at a time', async () => {
  await atTheCamera({ page: notingFrames, clip: portraitClip({ blinks: false }) }, async (page) => {
    const frames = await noted(page, 60);
    assert.deepEqual(frames.filter(({ underWay }) => underWay !== 1), []);
  });
});

test('a device that needs 100 ms for a frame is given eight a second', async () => {
  // Every look at the clock in the engine's thread finds it 100 ms later.
  const worker = 'let passed = 0; performance.now = () => (passed += 100);';
  await atTheCamera({ worker, page: notingFrames, clip: portraitClip({ blinks: false }) }, async (page) => {
    const frames = (await noted(page, 60)).slice(30);
    // One every 125 ms; the first may come late and the last early, and what is slow here makes gaps longer only.
    const gap = (frames.at(-1).at - frames[0].at) / (frames.length - 1);
    assert.ok(gap > 115, `${gap} ms from frame to frame`);
  });
});

for (const [browser, worker] of [
  ['compiles while it loads', 'delete WebAssembly.compileStreaming;'],
  ['copies frames as RGBA', 'VideoFrame.prototype.copyTo = function () { return Promise.reject(new DOMException("no", "NotSupportedError")); };'],
]) {
  test(`a browser in which nothing ${browser} comes to the same end`, async () => {
    await atTheCamera({ worker }, async (page) => {
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
    });
  });
}
