// @ts-check
/** Cues reach people: after an interruption of the sound, past a silent switch, and in the device's own voice. */
import assert from 'node:assert/strict';
import test, { afterEach, beforeEach, mock } from 'node:test';

import { CueSignals } from '../../www/assets/cue-signals.js';
import { CueVoice } from '../../www/assets/cue-voice.js';

/** @type {string[]} */
let heard = [];
/** What the sound's next `resume` waits for. */
let resumed = Promise.resolve();
let state = 'running';
/** @type {{audioSession?: {type: string}}} */
const device = {};

class Node {
  frequency = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
  gain = { setTargetAtTime() {} };
  connect() { return this; }
  start() { heard.push('beep'); }
  stop() {}
}
class Context {
  currentTime = 0;
  get state() { return state; }
  async resume() {
    await resumed;
    state = 'running';
  }
  async close() {}
}
/** @type {SpeechSynthesisVoice[]} */
let voices = [];
const voice = (/** @type {string} */ lang, localService = true) =>
  /** @type {SpeechSynthesisVoice} */ ({ lang, localService, name: lang, default: false, voiceURI: lang });
const speech = /** @type {SpeechSynthesis} */ (/** @type {unknown} */ ({
  getVoices: () => voices,
  cancel: () => heard.push('silence'),
  speak: (/** @type {{text: string, voice: SpeechSynthesisVoice}} */ { text, voice }) =>
    heard.push(text && `${voice.lang}: ${text}`),
}));

const realNavigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
beforeEach(() => {
  [heard, state, resumed, voices] = [[], 'running', Promise.resolve(), [voice('de-DE'), voice('en-GB')]];
  device.audioSession = { type: 'auto' };
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: device });
  Object.assign(globalThis, {
    AudioContext: Context, GainNode: Node, OscillatorNode: Node,
    SpeechSynthesisUtterance: class { constructor(/** @type {string} */ text) { Object.assign(this, { text }); } },
  });
});
afterEach(() => {
  for (const name of ['AudioContext', 'GainNode', 'OscillatorNode', 'SpeechSynthesisUtterance']) {
    Reflect.deleteProperty(globalThis, name);
  }
  if (realNavigator) Object.defineProperty(globalThis, 'navigator', realNavigator);
});

test('the sound counts as playback, which a silent switch does not mute', () => {
  new CueSignals().prepare();
  assert.equal(device.audioSession?.type, 'playback');
  delete device.audioSession;
  new CueSignals().prepare();
});

test('an interrupted sound is resumed for the next cue, and a cue that comes too late is left out', async () => {
  const signals = new CueSignals();
  signals.prepare();
  for (const [late_ms, expected] of [[0, ['beep']], [5_000, []]]) {
    heard = [];
    state = 'interrupted';
    let now_ms = 1_000;
    const clock = mock.method(performance, 'now', () => now_ms);
    resumed = Promise.resolve().then(() => { now_ms += Number(late_ms); });
    signals.give('hold');
    assert.deepEqual(heard, [], 'nothing sounds while it is interrupted');
    for (let turns = 0; turns < 10; turns += 1) await Promise.resolve();
    assert.deepEqual(heard, expected, `${late_ms} ms late`);
    clock.mock.restore();
  }
});

test('cues are spoken if the person wants that, until the next one, and never over the tone', () => {
  const signals = new CueSignals(new CueVoice(speech));
  signals.prepare({ aloud: true });
  heard = [];
  for (const ask of /** @type {const} */ (['hold', 'tone', 'turn_left', 'wait'])) signals.give(ask);
  assert.deepEqual(heard.filter((what) => what !== 'beep'), [
    'silence', 'en-GB: Eyes shut until the tone', 'silence', 'silence', 'en-GB: Turn your head left', 'silence',
  ]);
  heard = [];
  signals.prepare();
  signals.give('hold');
  assert.deepEqual(heard, ['silence', 'beep'], 'turned off again');
});

test('only a voice of the device itself that knows the language is used', () => {
  for (const [there, expected] of /** @type {[SpeechSynthesisVoice[], boolean][]} */ ([
    [[], false],
    [[voice('de-DE')], false],
    [[voice('en-US', false)], false],
    [[voice('en-US', false), voice('en_ZA')], true],
  ])) {
    voices = there;
    const signals = new CueSignals(new CueVoice(speech));
    assert.equal(signals.speaks, expected);
    signals.prepare({ aloud: true });
    heard = [];
    signals.give('once');
    assert.equal(heard.includes('en_ZA: Blink once'), expected);
  }
  assert.equal(new CueSignals(new CueVoice(undefined)).speaks, false, 'a browser without speech');
});
