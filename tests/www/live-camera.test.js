// @ts-check
/** The permission prompt: how long it may stay unanswered, and what ends the reminder. */
import assert from 'node:assert/strict';
import test, { after, before, mock } from 'node:test';

import { LiveCamera } from '../../www/assets/live-camera.js';
import { Problem } from '../../www/assets/problem.js';

const track = { kind: 'video', readyState: 'live', muted: false, enabled: true, addEventListener() {}, stop() {},
  getSettings: () => ({ deviceId: 'front' }) };
const stream = { getTracks: () => [track], getVideoTracks: () => [track] };
/** Answers the prompt. @type {{allow: () => void, deny: () => void}} */
let person;
const mediaDevices = {
  getUserMedia: () => new Promise((resolve, reject) => {
    person = {
      allow: () => resolve(stream), deny: () => reject(new DOMException('no', 'NotAllowedError')),
    };
  }),
  enumerateDevices: async () => [],
};
const { navigator: realNavigator } = globalThis;
const inBrowser = (/** @type {unknown} */ value) =>
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });
before(() => {
  inBrowser({ mediaDevices });
  Object.assign(globalThis, { parent: globalThis, self: globalThis });
  mock.timers.enable({ apis: ['setTimeout'] });
});
after(() => {
  mock.timers.reset();
  inBrowser(realNavigator);
});

/** Starts a camera; `said` is what it says. */
function started() {
  /** @type {string[]} */
  const said = [];
  const video = { readyState: 4, HAVE_CURRENT_DATA: 2, addEventListener() {}, play: async () => {}, srcObject: null };
  const view = /** @type {any} */ ({ video, mirror() {}, cameras() {} });
  const camera = new LiveCamera(view, {
    asking: () => said.push('asking'), answered: () => said.push('answered'), ended: () => said.push('ended'),
  });
  const leaving = new AbortController();
  const nameOf = (/** @type {any} */ error) => (error instanceof Problem ? error.code : error.name);
  const start = camera.start(leaving.signal).then(() => said.push('on'), (error) => said.push(nameOf(error)));
  return { said, start, leave: () => leaving.abort() };
}

test('the page points to a prompt that waits for eight seconds, and stops when it is answered', async () => {
  const { said, start } = started();
  mock.timers.tick(7_900);
  assert.deepEqual(said, []);
  mock.timers.tick(200);
  assert.deepEqual(said, ['asking']);
  mock.timers.tick(60_000);
  person.allow();
  await start;
  assert.deepEqual(said, ['asking', 'answered', 'on']);
});

test('a prompt that is answered in time, refused or left is not pointed to', async () => {
  /** @type {[about: string, answer: (leave: () => void) => void, expected: string[]][]} */
  const cases = [
    ['allowed', () => person.allow(), ['answered', 'on']],
    ['refused', () => person.deny(), ['camera_denied']],
    ['left, then allowed', (leave) => { leave(); person.allow(); }, ['AbortError']],
  ];
  for (const [about, answer, expected] of cases) {
    const { said, start, leave } = started();
    answer(leave);
    await start;
    mock.timers.tick(20_000);
    assert.deepEqual(said, expected, about);
  }
});
