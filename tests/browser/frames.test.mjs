// Camera frames on their way to the engine: one at a time, as many as the device can handle, in every kind of browser.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { NOISE, changeModule, comeToCamera, noteFrames, openVisitor, screen } from './lib/visitor.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => { await server?.stop(); });

/**
 * Opens the camera page with `worker` run in the engine's worker and `page` in the page before anything else, presses
 * the button and runs `steps`.
 */
async function atTheCamera({ worker = '', page: inPage = () => {}, argument, clip = portraitClip() }, steps) {
  const visitor = await openVisitor({ clip, serviceWorkers: 'block' });
  const { page, context } = visitor;
  try {
    await context.addInitScript(inPage, argument);
    await context.addInitScript(countBitmaps);
    await changeModule(context, '**/engine-worker.js', (text) => `${worker}\n${text}`);
    await comeToCamera(visitor, server);
    await screen(page, ['priming']);
    await page.click('#start');
    await steps(page);
    assert.deepEqual(visitor.errors, []);
  } finally {
    await visitor.close();
  }
}

/** Run in the page: counts frames that are taken as bitmaps. */
function countBitmaps() {
  globalThis.bitmaps = 0;
  const { createImageBitmap } = globalThis;
  if (!createImageBitmap) return;
  globalThis.createImageBitmap = (...words) => {
    globalThis.bitmaps += 1;
    return createImageBitmap(...words);
  };
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

/** Run in the engine's worker: frames are copied as they are, but not converted, and nothing is read from canvases. */
const ONLY_PLANES = `
  const { copyTo } = VideoFrame.prototype;
  VideoFrame.prototype.copyTo = function (to, options) {
    if (options?.format) return Promise.reject(new DOMException('no', 'NotSupportedError'));
    return copyTo.call(this, to, options);
  };
  OffscreenCanvasRenderingContext2D.prototype.getImageData = () => { throw new Error('a canvas was read'); };
`;

for (const [browser, worker] of [
  ['compiles while it loads', 'delete WebAssembly.compileStreaming;'],
  ['converts frames to RGBA', ONLY_PLANES],
  [
    'copies frames',
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

/**
 * Run in the page: frames lie turned, clockwise by quarters and then mirrored, while the video is shown upright. Phones
 * deliver such frames; not every browser says so.
 */
function turnFrames({ quarters, mirrored, told }) {
  const Frame = globalThis.VideoFrame;
  if (!told) for (const name of ['rotation', 'flip']) delete Frame.prototype[name];
  globalThis.VideoFrame = function (source, init) {
    if (!(source instanceof HTMLVideoElement)) return new Frame(source, init);
    const { videoWidth: width, videoHeight: height } = source;
    const canvas = quarters % 2 === 0 ? new OffscreenCanvas(width, height) : new OffscreenCanvas(height, width);
    const context = canvas.getContext('2d');
    context.translate(canvas.width / 2, canvas.height / 2);
    // What makes the frame upright again is the reverse: first the turn, then the mirror.
    context.rotate(-quarters * Math.PI / 2);
    if (mirrored) context.scale(-1, 1);
    context.drawImage(source, -width / 2, -height / 2);
    return new Frame(canvas, { timestamp: 0, ...(told && { rotation: 90 * quarters, flip: mirrored }) });
  };
}

for (const [who, turn, worker] of [
  ['lies on its side, which the browser does not tell', { quarters: 1, mirrored: false, told: false }, ONLY_PLANES],
  ['is upside down and mirrored, which the browser does not tell', { quarters: 2, mirrored: true, told: false }, ''],
  ['lies on its other side, as the browser says', { quarters: 3, mirrored: false, told: true }, ''],
]) {
  test(`a camera whose picture ${who}, ends VERIFIED, too`, async () => {
    await atTheCamera({ worker, page: turnFrames, argument: turn }, async (page) => {
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
      const drawn = await page.evaluate(() => globalThis.bitmaps);
      assert.ok(drawn < 20, `${drawn} frames were not read directly`);
    });
  });
}
