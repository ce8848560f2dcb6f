// @ts-check
/** Head turns: their picture, text, speech and sound, and the hints meanwhile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { afterEach } from 'node:test';

import { CueSignals } from '../../www/assets/cue-signals.js';
import { wanted } from '../../www/assets/hints.js';
import { hasText } from '../../www/assets/language.js';
import { hintText, spokenHint } from '../../www/assets/messages.js';
import { arrow, ovalIn } from '../../www/assets/oval.js';
import { ENGLISH } from '../../www/assets/texts.js';
import { arrowsFor, asSeen, isTurn } from '../../www/assets/turn.js';

/** @typedef {import('../../www/assets/types.js').Observation} Observation */
/** @typedef {import('../../www/assets/types.js').Prompt['ask']} Ask */

/** @type {Ask[]} */
const TURNS = ['turn_left', 'turn_right', 'turn_back'];
/** @type {Ask[]} */
const GESTURES = ['once', 'twice', 'hold', 'tone', ...TURNS];

/** @type {Observation} */
const GOOD = {
  t_ms: 0, faces: 1, gate: 'ok', direction: null, state: 'open', ear_right: 0.3, ear_left: 0.3, settled: true,
  phase: 'recording', progress: 0, remaining_ms: null, timed_out: false, prompt: null, box: null, blink: null,
};

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../www/${path}`, import.meta.url), 'utf8');

/** What Node lacks. */
const AUDIO = ['AudioContext', 'GainNode', 'OscillatorNode', 'StereoPannerNode'];
afterEach(() => { for (const name of AUDIO) Reflect.deleteProperty(globalThis, name); });

/**
 * What is heard and felt of a cue. @param {Ask} ask @param {{panner?: boolean}} [options]
 * @returns {{tones: {from: number, to: number, start_s: number}[], pans: number[], vibration: number[]}}
 */
function signalsOf(ask, { panner = true } = {}) {
  /** @type {{from: number, to: number, start_s: number}[]} */
  const tones = [];
  /** @type {number[]} */
  const pans = [];
  /** @type {number[]} */
  let vibration = [];
  /** What is connected in the end. @type {unknown[]} */
  const heard = [];
  class Node {
    /** @param {any} to */
    connect(to) {
      if (to === 'destination') heard.push(this);
      return to;
    }
  }
  Object.assign(globalThis, {
    AudioContext: class {
      currentTime = 0;
      state = 'running';
      destination = 'destination';
      resume = async () => undefined;
      close = async () => undefined;
    },
    GainNode: class extends Node { gain = { setTargetAtTime() {} }; },
    OscillatorNode: class extends Node {
      /** @param {unknown} _ @param {{frequency: number}} options */
      constructor(_, { frequency }) {
        super();
        this.tone = { from: frequency, to: frequency, start_s: 0 };
        tones.push(this.tone);
      }
      frequency = {
        setValueAtTime() {},
        exponentialRampToValueAtTime: (/** @type {number} */ pitch) => { this.tone.to = pitch; },
      };
      /** @param {number} at_s */
      start(at_s) { this.tone.start_s = at_s; }
      stop() {}
    },
    ...(panner && {
      StereoPannerNode: class extends Node {
        /** @param {unknown} _ @param {{pan: number}} options */
        constructor(_, { pan }) { super(); pans.push(pan); }
      },
    }),
  });
  const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true, value: { vibrate: (/** @type {number[]} */ pattern) => { vibration = pattern; } },
  });
  try {
    const signals = new CueSignals();
    signals.prepare();
    signals.give(ask);
    signals.close();
  } finally {
    if (navigator) Object.defineProperty(globalThis, 'navigator', navigator);
  }
  assert.equal(heard.length, tones.length, `${ask}: every tone is heard`);
  return { tones, pans, vibration };
}

test('each turn and its end has a picture, a text and words for screen readers', () => {
  const view = read('assets/capture-view.js');
  const texts = TURNS.map((ask) => {
    const hint = { code: `ask_${ask}`, direction: null };
    const icon = ask.replace('_', '-');
    assert.ok(view.includes(`ask_${ask}: '${icon}'`), `no picture for ${ask}`);
    assert.match(read('assets/icons.svg'), new RegExp(`id="${icon}"`));
    assert.ok(hasText(`hint.ask_${ask}`) && hasText(`spoken.ask_${ask}`), ask);
    return [hintText(hint), spokenHint(hint)];
  });
  assert.deepEqual(texts, [
    ['Turn your head left', 'Turn your head to the left.'],
    ['Turn your head right', 'Turn your head to the right.'],
    ['Face the camera', 'Face the camera again.'],
  ]);
});

test('every cue can be told from all others by its sound alone, and by its vibration alone', () => {
  for (const part of /** @type {const} */ (['tones', 'vibration'])) {
    const patterns = GESTURES.map((ask) => JSON.stringify(signalsOf(ask)[part]));
    assert.ok(!patterns.includes('[]'), part);
    assert.equal(new Set(patterns).size, GESTURES.length, `${part}: ${patterns}`);
  }
});

test('left sounds from the left and falls, right sounds from the right and rises, and one ear hears both', () => {
  const [left, right, back] = [signalsOf('turn_left'), signalsOf('turn_right'), signalsOf('turn_back')];
  assert.ok(left.tones.every(({ from, to }) => to < from) && left.tones.length > 0);
  assert.ok(right.tones.every(({ from, to }) => to > from) && right.tones.length > 0);
  for (const [{ pans }, side] of /** @type {const} */ ([[left, -1], [right, 1]])) {
    assert.ok(pans.length > 0);
    for (const pan of pans) assert.ok(pan * side > 0.3 && pan * side < 0.8, `pan ${pan}`);
  }
  assert.deepEqual(back.pans, []);
  for (const ask of /** @type {Ask[]} */ (['once', 'twice', 'hold', 'tone'])) {
    const { tones, pans } = signalsOf(ask);
    assert.ok(tones.every(({ from, to }) => from === to) && pans.length === 0, `${ask} neither glides nor has a side`);
  }
});

test('a browser without a panner plays a turn from the middle', () => {
  assert.deepEqual(signalsOf('turn_left', { panner: false }).tones, signalsOf('turn_left').tones);
});

test('the arrow points to the person’s left, which a mirrored picture shows on the left', () => {
  assert.deepEqual(arrowsFor('turn_left', true), [{ at: 'left', to: 'left' }]);
  assert.deepEqual(arrowsFor('turn_right', true), [{ at: 'right', to: 'right' }]);
  assert.deepEqual(arrowsFor('turn_left', false), [{ at: 'right', to: 'right' }]);
  assert.deepEqual(arrowsFor('turn_right', false), [{ at: 'left', to: 'left' }]);
  assert.equal(asSeen('ask_turn_left', true), 'ask_turn_left');
  assert.equal(asSeen('ask_turn_left', false), 'ask_turn_right');
  assert.equal(asSeen('ask_once', false), 'ask_once');
});

test('for the way back two arrows point at the face, and no other cue has an arrow', () => {
  for (const mirrored of [true, false]) {
    assert.deepEqual(arrowsFor('turn_back', mirrored), [{ at: 'left', to: 'right' }, { at: 'right', to: 'left' }]);
    for (const ask of /** @type {(Ask | null)[]} */ (['fetch', 'wait', 'once', 'twice', 'hold', 'tone', null])) {
      assert.deepEqual(arrowsFor(ask, mirrored), [], `${ask}`);
    }
  }
});

test('arrows stay on the stage and leave the face free, on phones, upright or not, and on large screens', () => {
  for (const [width, height] of /** @type {const} */ ([[350, 467], [402, 302], [640, 480], [280, 240]])) {
    const stage = { width, height };
    const oval = ovalIn({ width: 640, height: 480 }, stage);
    for (const ask of TURNS) {
      for (const each of arrowsFor(ask, true)) {
        const d = arrow(oval, stage, each);
        const xs = [...d.matchAll(/[MLH] ([\d.]+)/g)].map(([, x]) => Number(x));
        assert.ok(Math.min(...xs) >= 8 && Math.max(...xs) <= width - 8, `${d} on ${width} × ${height}`);
        const inner = each.at === 'left' ? Math.max(...xs) : width - Math.min(...xs);
        assert.ok(inner <= oval.cx - oval.rx / 2, `${d} covers the face on ${width} × ${height}`);
        const tip = Number(/^M ([\d.]+)/.exec(d)?.[1]);
        assert.equal(tip, each.to === 'left' ? Math.min(...xs) : Math.max(...xs), 'the tip leads');
      }
    }
  }
});

test('nothing moves for people who want less motion', () => {
  const sheet = read('assets/app.css');
  assert.match(sheet, /\.arrow \{[^}]* animation: nudge /);
  assert.match(sheet, /prefers-reduced-motion: reduce\) \{\n[^}]*animation: none !important/);
});

test('while a turn is asked for, no hint contradicts it, and all others are shown', () => {
  for (const ask of TURNS) {
    const prompt = { done: 0, steps: 3, ask };
    const code = (/** @type {string} */ gate) => wanted({ ...GOOD, gate, prompt }, 'recording').code;
    assert.ok(isTurn(prompt));
    for (const gate of ['ok', 'turned', 'blurred', 'eyes_unreadable']) assert.equal(code(gate), `ask_${ask}`, gate);
    for (const gate of ['no_face', 'several_faces', 'too_dark', 'too_bright', 'too_far', 'too_close', 'off_center']) {
      assert.equal(code(gate), gate, `${gate} during ${ask}`);
    }
  }
});

test('without a turn, a turned head gets its hint as before', () => {
  /** @type {[Observation['prompt'], 'align' | 'preparing' | 'recording', string][]} */
  const cases = [
    [null, 'align', 'turned'],
    [null, 'preparing', 'turned'],
    [null, 'recording', 'turned'],
    [{ done: 0, steps: 3, ask: 'wait' }, 'recording', 'turned'],
    [{ done: 0, steps: 3, ask: 'fetch' }, 'recording', 'turned'],
    [{ done: 0, steps: 3, ask: 'once' }, 'recording', 'ask_once'],
  ];
  for (const [prompt, phase, code] of cases) {
    assert.equal(wanted({ ...GOOD, gate: 'turned', prompt }, phase).code, code, `${prompt?.ask} in ${phase}`);
    assert.ok(!isTurn(prompt));
  }
});

test('the first screen says beforehand that the head may have to be turned', () => {
  assert.match(ENGLISH['priming.lead'] ?? '', /to blink, to close your eyes, or to turn your head a little\./);
  assert.match(ENGLISH['register.how.blink.text'] ?? '', /turn your head a little/);
  assert.doesNotMatch(ENGLISH['priming.lead.natural'] ?? '', /turn/);
});
