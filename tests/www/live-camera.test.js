// @ts-check
/** The page's camera: how long its prompt may stay unanswered, which one is taken, and when it counts as gone. */
import assert from 'node:assert/strict';
import test, { after, before, beforeEach, mock } from 'node:test';

import { LiveCamera } from '../../www/assets/live-camera.js';
import { Problem } from '../../www/assets/problem.js';

/** A camera and what it shows. @typedef {{deviceId: string, label: string, grey?: boolean, busy?: boolean}} Device */

/** @type {Device[]} */
let devices = [];
/** Ids of the cameras that were opened, in order, and streams that are still live. @type {string[]} */
let opened = [];
/** @type {Set<string>} */
const live = new Set();
/** Answers the prompt; cameras open at once without a prompt. @type {{allow: () => void, deny: () => void} | null} */
let person = null;
let asks = true;
/** What `localStorage` keeps. @type {Map<string, string>} */
let kept = new Map();

/** @param {Device} device */
function streamOf(device) {
  live.add(device.deviceId);
  /** @type {Record<string, () => void>} */
  const listeners = {};
  const track = {
    kind: 'video', readyState: 'live', muted: false, enabled: true, label: device.label,
    addEventListener: (/** @type {string} */ name, /** @type {() => void} */ listener) => {
      listeners[name] = listener;
    },
    happens: (/** @type {string} */ name) => listeners[name]?.(),
    stop: () => live.delete(device.deviceId),
    getSettings: () => ({ deviceId: device.deviceId }),
  };
  return { device, getTracks: () => [track], getVideoTracks: () => [track] };
}

const mediaDevices = {
  /** @param {{video: {deviceId?: {ideal: string}} | true}} wishes */
  getUserMedia: ({ video }) => new Promise((resolve, reject) => {
    const wanted = video === true ? undefined : video.deviceId?.ideal;
    const device = devices.find(({ deviceId }) => deviceId === wanted) ?? devices[0];
    const allow = () => {
      if (device === undefined) return reject(new DOMException('none', 'NotFoundError'));
      opened.push(device.deviceId);
      if (device.busy) reject(new DOMException('busy', 'NotReadableError'));
      else resolve(streamOf(device));
    };
    person = { allow, deny: () => reject(new DOMException('no', 'NotAllowedError')) };
    if (!asks) allow();
  }),
  enumerateDevices: async () => devices.map((device) => ({ kind: 'videoinput', ...device })),
};
const { navigator: realNavigator } = globalThis;
const inBrowser = (/** @type {unknown} */ value) =>
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });
/** @type {any} */
let video;
before(() => {
  inBrowser({ mediaDevices });
  const localStorage = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  };
  const pixels = () => Array(400).fill(video.srcObject.device.grey ? [99, 99, 99, 255] : [200, 150, 120, 255]).flat();
  const context = { drawImage() {}, getImageData: () => ({ data: pixels() }) };
  const document = { createElement: () => ({ getContext: () => context }) };
  Object.assign(globalThis, { parent: globalThis, self: globalThis, localStorage, document });
  mock.timers.enable({ apis: ['setTimeout'] });
});
beforeEach(() => {
  [devices, opened, asks, kept] = [[{ deviceId: 'front', label: 'Front Camera' }], [], false, new Map()];
  live.clear();
});
after(() => {
  mock.timers.reset();
  inBrowser(realNavigator);
});

/** Starts a camera; `said` is what it says. */
function started() {
  /** @type {string[]} */
  const said = [];
  video = { readyState: 4, HAVE_CURRENT_DATA: 2, addEventListener() {}, play: async () => {}, srcObject: null };
  /** What the picker shows. @type {{list: Device[], current: string | null}} */
  const picker = { list: [], current: null };
  const view = /** @type {any} */ ({
    video, mirror() {},
    cameras: (/** @type {Device[]} */ list, /** @type {string | null} */ current) =>
      Object.assign(picker, { list, current }),
  });
  const camera = new LiveCamera(view, {
    asking: () => said.push('asking'), answered: () => said.push('answered'), ended: () => said.push('ended'),
  });
  const leaving = new AbortController();
  const nameOf = (/** @type {any} */ error) => (error instanceof Problem ? error.code : error.name);
  const start = () => camera.start(leaving.signal).then(() => said.push('on'), (error) => said.push(nameOf(error)));
  return { said, camera, picker, again: start, start: start(), leave: () => leaving.abort() };
}

test('the page points to a prompt that waits for eight seconds, and stops when it is answered', async () => {
  asks = true;
  const { said, start } = started();
  mock.timers.tick(7_900);
  assert.deepEqual(said, []);
  mock.timers.tick(200);
  assert.deepEqual(said, ['asking']);
  mock.timers.tick(60_000);
  person?.allow();
  await start;
  assert.deepEqual(said, ['asking', 'answered', 'on']);
});

test('a prompt that is answered in time, refused or left is not pointed to', async () => {
  asks = true;
  /** @type {[about: string, answer: (leave: () => void) => void, expected: string[]][]} */
  const cases = [
    ['allowed', () => person?.allow(), ['answered', 'on']],
    ['refused', () => person?.deny(), ['camera_denied']],
    ['left, then allowed', (leave) => { leave(); person?.allow(); }, ['AbortError']],
  ];
  for (const [about, answer, expected] of cases) {
    live.clear();
    const { said, start, leave } = started();
    answer(leave);
    await start;
    mock.timers.tick(20_000);
    assert.deepEqual(said, expected, about);
    assert.equal(live.size, about === 'allowed' ? 1 : 0, `${about}: cameras that are on`);
  }
});

test('a camera that sees no colours, or whose name says so, gives way to one that suits', async () => {
  const colour = { deviceId: 'colour', label: 'HD Webcam' };
  /** @type {[about: string, devices: Device[], opened: string[], on: string][]} */
  const cases = [
    ['one camera', [colour], ['colour'], 'colour'],
    ['infrared by name', [{ deviceId: 'ir', label: 'IR Camera' }, colour], ['ir', 'colour'], 'colour'],
    ['infrared by its picture', [{ deviceId: 'ir', label: '', grey: true }, colour], ['ir', 'colour'], 'colour'],
    ['faces away', [{ deviceId: 'back', label: 'camera2 0, facing back' }, colour], ['back', 'colour'], 'colour'],
    ['nothing better', [{ deviceId: 'ir', label: '', grey: true }], ['ir'], 'ir'],
    [
      'everything grey', [{ deviceId: 'a', label: '', grey: true }, { deviceId: 'b', label: '', grey: true }],
      ['a', 'b', 'a'], 'a',
    ],
  ];
  for (const [about, there, expected, on] of cases) {
    [devices, opened, kept] = [there, [], new Map()];
    live.clear();
    const { said, start, picker } = started();
    await start;
    assert.deepEqual(opened, expected, about);
    assert.deepEqual([...live], [on], `${about}: only one camera is on`);
    assert.equal(picker.current, on, about);
    assert.equal(said.at(-1), 'on', about);
  }
});

test('the chosen camera is remembered, whatever it shows, and another is taken once it is gone', async () => {
  devices = [
    { deviceId: 'front', label: 'Front Camera' }, { deviceId: 'odd', label: 'IR Camera', grey: true },
  ];
  const { camera, start, again } = started();
  await start;
  camera.choose('odd');
  assert.equal(live.size, 0, 'the other one is off');
  await again();
  assert.deepEqual([...live], ['odd']);
  opened = [];
  live.clear();
  await started().start;
  assert.deepEqual(opened, ['odd'], 'a later visit');
  devices = [{ deviceId: 'front', label: 'Front Camera' }];
  opened = [];
  await started().start;
  assert.deepEqual(opened, ['front'], 'without that camera');
});

test('cameras are offered even if the first does not open', async () => {
  devices = [{ deviceId: 'busy', label: 'Webcam', busy: true }, { deviceId: 'other', label: 'Other' }];
  const { said, start, picker } = started();
  for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
  mock.timers.tick(1_000);
  await start;
  assert.deepEqual(said, ['camera_busy']);
  assert.deepEqual(picker.list.map(({ deviceId }) => deviceId), ['busy', 'other']);
  assert.equal(picker.current, null, 'no camera is on');
});

test('a camera that is muted for a moment goes on, and one that stays muted has ended', async () => {
  const { said, start } = started();
  await start;
  const [track] = video.srcObject.getVideoTracks();
  track.muted = true;
  track.happens('mute');
  mock.timers.tick(1_000);
  track.muted = false;
  mock.timers.tick(60_000);
  assert.deepEqual(said, ['answered', 'on']);
  track.muted = true;
  track.happens('mute');
  mock.timers.tick(3_100);
  assert.deepEqual(said, ['answered', 'on', 'ended']);
});
