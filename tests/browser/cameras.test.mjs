// Several cameras: which one is taken, how another is chosen, and that none stays on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, messageCode, openVisitor, screen } from './lib/visitor.mjs';

let server;
before(async () => { server = await startServer(); });
after(async () => { await server?.stop(); });

/** Run in the page: before the real camera there is one that sees infrared light. `opened`: what was opened. */
function twoCameras() {
  globalThis.opened = [];
  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  const infrared = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d');
    let shade = 0;
    setInterval(() => {
      shade = (shade + 3) % 120;
      context.fillStyle = `rgb(${60 + shade}, ${60 + shade}, ${60 + shade})`;
      context.fillRect(0, 0, 640, 480);
    }, 33);
    return canvas.captureStream(30);
  };
  mediaDevices.enumerateDevices = async () => ['infrared', 'colour'].map((deviceId) => ({
    kind: 'videoinput', deviceId, label: `${deviceId === 'colour' ? 'HD' : 'Integrated'} Webcam`, groupId: '',
  }));
  mediaDevices.getUserMedia = async ({ video }) => {
    const deviceId = video.deviceId?.ideal ?? 'infrared';
    const stream = deviceId === 'infrared' ? infrared() : await getUserMedia({ video: true });
    const [track] = stream.getVideoTracks();
    const settings = track.getSettings();
    track.getSettings = () => ({ ...settings, deviceId });
    globalThis.opened.push({ deviceId, track });
    return stream;
  };
}

/** Ids of the cameras that were opened, and of those that are on. */
const cameras = (page) => page.evaluate(() => ({
  opened: globalThis.opened.map(({ deviceId }) => deviceId),
  on: globalThis.opened.filter(({ track }) => track.readyState === 'live').map(({ deviceId }) => deviceId),
}));

const listOf = (screen) => `[data-view="${screen}"] .pick select`;

test('a camera that sees colours is taken, another can be chosen and is remembered, and none stays on', async () => {
  const visitor = await openVisitor({ clip: portraitClip({ blinks: false }) });
  const { page, context } = visitor;
  try {
    await context.addInitScript(twoCameras);
    await comeToCamera(visitor, server);
    await screen(page, ['priming']);
    await page.click('#start');
    await screen(page, ['align', 'recording']);
    await page.waitForSelector(listOf('capture'));
    assert.deepEqual(await cameras(page), { opened: ['infrared', 'colour'], on: ['colour'] });
    assert.equal(await page.inputValue(listOf('capture')), 'colour');
    await page.click('#cancel');
    await screen(page, ['priming']);
    assert.deepEqual((await cameras(page)).on, []);

    // A reload begins with the camera that suited.
    await page.reload();
    await page.click('#start');
    await screen(page, ['align', 'recording']);
    await page.waitForSelector(listOf('capture'));
    assert.deepEqual(await cameras(page), { opened: ['colour'], on: ['colour'] });
    // What the person chooses is taken as it is.
    await page.selectOption(listOf('capture'), 'infrared');
    await page.waitForFunction(() => globalThis.opened.length === 2);
    await screen(page, ['align']);
    assert.deepEqual((await cameras(page)).on, ['infrared']);

    // A camera that ends leads to a choice of another.
    await page.evaluate(() => {
      const { track } = globalThis.opened.at(-1);
      track.stop();
      track.dispatchEvent(new Event('ended'));
    });
    await messageCode(page, 'camera_ended');
    await page.selectOption(listOf('paused'), 'colour');
    await screen(page, ['align', 'recording']);
    assert.deepEqual(await cameras(page), { opened: ['colour', 'infrared', 'colour'], on: ['colour'] });

    await page.reload();
    await page.click('#start');
    await screen(page, ['align', 'recording']);
    assert.deepEqual((await cameras(page)).opened, ['colour']);
    assert.deepEqual(visitor.errors, []);
  } finally {
    await visitor.close();
  }
});

test('the camera is off once the person is verified', async () => {
  const visitor = await openVisitor({ clip: portraitClip() });
  const { page, context } = visitor;
  try {
    await context.addInitScript(twoCameras);
    await comeToCamera(visitor, server);
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 90_000), 'verified');
    assert.deepEqual((await cameras(page)).on, []);
  } finally {
    await visitor.close();
  }
});
