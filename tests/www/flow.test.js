// @ts-check
/** The flow of the camera page: every event in every state. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { INITIAL, SCREENS, TIMEOUTS_MS, droppedChallenge, isCancellable, next } from '../../www/assets/flow.js';

/** @typedef {import('../../www/assets/flow.js').FlowState} FlowState */
/** @typedef {import('../../www/assets/flow.js').FlowEvent} FlowEvent */
/** @typedef {import('../../www/assets/flow.js').StateName} StateName */

/** @type {import('../../www/assets/types.js').Session} */
const SESSION = {
  email_masked: 'm•••@example.org', status: 'PENDING', attempts_left: 3, last_reason: null, last_message: null,
  session_expires_in_s: 900, cool_down_s: 0, timeout_s: 30, frame_interval_ms: 0,
  policy: 'prompted', tones: true, no_turn: true, handed_over: false,
  check: null,
};
const CHALLENGE = {
  challenge_id: 'c1',
  nonce: 'n',
  audience: 'a',
  attempt: 1,
  timeout_ms: 30_000,
  thresholds: 'v2',
  policy: /** @type {const} */ ('prompted'),
  turn: true,
  rate: 300,
  consent: 'h',
  expires_in_s: 90,
};
const VERIFIED = {
  status: /** @type {const} */ ('VERIFIED'), reason: null, message: 'ok', attempts_left: 2, cool_down_s: 0,
};
const FAILED = {
  status: /** @type {const} */ ('FAILED'),
  reason: /** @type {const} */ ('closed_not_closed'),
  message: 'why',
  attempts_left: 2,
  cool_down_s: 0,
};

/** @param {StateName} name @param {Partial<FlowState>} [more] @returns {FlowState} */
const at = (name, more = {}) => ({ ...INITIAL, session: SESSION, name, ...more });
const recording = at('recording', { challenge: CHALLENGE });
const uploading = at('uploading', { challenge: CHALLENGE });

/** Every step of a run, as names. @param {FlowState} state @param {FlowEvent[]} events */
function run(state, events) {
  return events.map((event) => (state = next(state, event)).name);
}

test('a person goes from the first screen to verified', () => {
  const names = run(INITIAL, [
    { type: 'SESSION', session: SESSION }, { type: 'START' }, { type: 'PROGRESS', progress: { loaded: 1, total: 2 } },
    { type: 'CAMERA_READY' }, { type: 'ENGINE_READY' },
    { type: 'ALIGNED' }, { type: 'CHALLENGE', challenge: CHALLENGE }, { type: 'COMPLETE' },
    { type: 'ANSWER', answer: VERIFIED },
  ]);
  assert.deepEqual(names, [
    'priming',
    'starting',
    'starting',
    'starting',
    'align',
    'preparing',
    'recording',
    'uploading',
    'verified',
  ]);
});

test('camera and engine may be ready in either order', () => {
  assert.deepEqual(run(at('starting'), [{ type: 'ENGINE_READY' }, { type: 'CAMERA_READY' }]), ['starting', 'align']);
  assert.deepEqual(run(at('starting'), [{ type: 'ENGINE_READY' }, { type: 'ENGINE_READY' }]), ['starting', 'starting']);
});

test('each event leads where it should', () => {
  /** @type {[string, FlowState, FlowEvent, Partial<FlowState>][]} */
  const cases = [
    [
      'verified already',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, status: 'VERIFIED' } },
      { name: 'verified' },
    ],
    [
      'no attempts left',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, attempts_left: 0 } },
      { name: 'failed', code: 'attempts_exhausted' },
    ],
    [
      'no attempts left, reason known',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, attempts_left: 0, last_reason: 'timeout' } },
      { name: 'failed', code: 'timeout' },
    ],
    [
      'failed before, may go on',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, status: 'FAILED', last_reason: 'timeout' } },
      { name: 'priming', code: null },
    ],
    [
      'no session',
      at('boot'),
      { type: 'FAILED', code: 'session_missing' },
      { name: 'error', code: 'session_missing', recovery: 'register' },
    ],
    [
      'unsupported browser',
      at('boot'),
      { type: 'FAILED', code: 'wasm_unsupported' },
      { name: 'error', code: 'wasm_unsupported', recovery: 'elsewhere' },
    ],
    ['network down at first', at('boot'), { type: 'FAILED', code: 'network' }, { name: 'error', recovery: 'boot' }],
    ['server silent at first', at('boot'), { type: 'TIMEOUT' }, { name: 'error', code: 'network', recovery: 'boot' }],
    ['question not answered yet', at('starting'), { type: 'ASKING' }, { name: 'starting', code: 'camera_unanswered' }],
    [
      'question answered late',
      at('starting', { code: 'camera_unanswered' }),
      { type: 'ANSWERED' },
      { name: 'starting', code: null },
    ],
    [
      'cookies blocked',
      at('boot'),
      { type: 'FAILED', code: 'cookies_blocked' },
      { name: 'error', code: 'cookies_blocked', recovery: 'register' },
    ],
    [
      'question never answered',
      at('starting'),
      { type: 'TIMEOUT' },
      { name: 'error', code: 'camera_unanswered', recovery: 'starting' },
    ],
    [
      'engine never ready',
      at('starting', { camera: true }),
      { type: 'TIMEOUT' },
      { name: 'error', code: 'engine_failed', recovery: 'starting' },
    ],
    [
      'camera denied',
      at('starting'),
      { type: 'FAILED', code: 'camera_denied' },
      { name: 'error', code: 'camera_denied', recovery: 'starting' },
    ],
    ['damaged model', at('starting'), { type: 'FAILED', code: 'model_corrupt' }, { name: 'error', recovery: 'reload' }],
    ['cancelled while starting', at('starting'), { type: 'CANCEL' }, { name: 'priming', code: 'cancelled' }],
    ['left while lining up', at('align'), { type: 'HIDDEN' }, { name: 'paused', code: 'paused_hidden' }],
    ['never lined up', at('align'), { type: 'TIMEOUT' }, { name: 'paused', code: 'paused_idle' }],
    ['another camera', at('align'), { type: 'SWITCH_CAMERA' }, { name: 'starting' }],
    [
      'challenge refused: all attempts used',
      at('preparing'),
      { type: 'FAILED', code: 'attempts_exhausted', detail: 'd' },
      { name: 'failed', code: 'attempts_exhausted' },
    ],
    [
      'challenge refused: verified meanwhile',
      at('preparing'),
      { type: 'FAILED', code: 'already_verified' },
      { name: 'verified' },
    ],
    [
      'challenge refused: pause after failures',
      at('preparing'),
      { type: 'FAILED', code: 'cooling_down' },
      { name: 'boot' },
    ],
    [
      'pause after failures',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, status: 'FAILED', cool_down_s: 900 } },
      { name: 'error', code: 'cooling_down', recovery: 'boot' },
    ],
    [
      'pause after failures, no attempts left',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, attempts_left: 0, cool_down_s: 1 } },
      { name: 'error', code: 'cooling_down' },
    ],
    [
      'verified people do not have to wait',
      at('boot'),
      { type: 'SESSION', session: { ...SESSION, status: 'VERIFIED', cool_down_s: 900 } },
      { name: 'verified' },
    ],
    [
      'link opened elsewhere',
      at('preparing'),
      { type: 'FAILED', code: 'session_replaced' },
      { name: 'error', recovery: 'register' },
    ],
    [
      'session over',
      at('preparing'),
      { type: 'FAILED', code: 'session_expired' },
      { name: 'error', recovery: 'register' },
    ],
    ['no blink in time', recording, { type: 'TIMED_OUT' }, { name: 'giving_up', challenge: CHALLENGE }],
    ['engine says nothing more', recording, { type: 'TIMEOUT' }, { name: 'error', code: 'engine_failed' }],
    ['camera gone', recording, { type: 'CAMERA_ENDED' }, { name: 'paused', code: 'camera_ended', challenge: null }],
    [
      'cancelled while recording',
      recording,
      { type: 'CANCEL' },
      { name: 'priming', code: 'cancelled', challenge: null },
    ],
    ['trying again to send', uploading, { type: 'AGAIN', code: 'offline' }, { name: 'uploading', code: 'offline' }],
    [
      'rejected',
      uploading,
      { type: 'ANSWER', answer: FAILED },
      { name: 'failed', code: 'closed_not_closed', detail: 'why' },
    ],
    [
      'not sent',
      uploading,
      { type: 'FAILED', code: 'network' },
      { name: 'error', code: 'network', recovery: 'uploading', challenge: CHALLENGE },
    ],
    [
      'sending takes forever',
      uploading,
      { type: 'TIMEOUT' },
      { name: 'error', recovery: 'uploading', challenge: CHALLENGE },
    ],
    ['cancelled while sending: ask the server', uploading, { type: 'CANCEL' }, { name: 'boot' }],
    ['page left while sending: go on', uploading, { type: 'HIDDEN' }, { name: 'uploading' }],
    [
      'timeout recorded',
      at('giving_up'),
      { type: 'ANSWER', answer: { ...FAILED, reason: 'timeout' } },
      { name: 'failed', code: 'timeout' },
    ],
    [
      'send the same again',
      at('error', { recovery: 'uploading', challenge: CHALLENGE }),
      { type: 'RETRY' },
      { name: 'uploading', challenge: CHALLENGE },
    ],
    [
      'nothing to retry',
      at('error', { recovery: null, code: 'wasm_unsupported' }),
      { type: 'RETRY' },
      { name: 'error', code: 'wasm_unsupported' },
    ],
    [
      'with tones the page first asks whether they are heard',
      at('priming', { session: { ...SESSION, tones: true } }),
      { type: 'START', tones: true },
      { name: 'hearing' },
    ],
    [
      'where tones are not offered, it does not',
      at('priming', { session: { ...SESSION, tones: false } }),
      { type: 'START', tones: true },
      { name: 'starting' },
    ],
    ['tones are heard', at('hearing'), { type: 'HEARD' }, { name: 'starting' }],
    ['tones are not heard', at('hearing'), { type: 'UNHEARD' }, { name: 'priming', code: 'tone_unheard' }],
    ['nothing had begun', at('hearing'), { type: 'CANCEL' }, { name: 'priming', code: null }],
    ['back from a pause', at('paused'), { type: 'RETRY' }, { name: 'starting' }],
    ['back with another camera', at('paused'), { type: 'SWITCH_CAMERA' }, { name: 'starting' }],
    [
      'another camera after one that is in use',
      at('error', { recovery: 'starting', code: 'camera_busy' }),
      { type: 'SWITCH_CAMERA' },
      { name: 'starting', code: null },
    ],
    [
      'another camera does not restart what no camera mends',
      at('error', { recovery: 'uploading', code: 'network', challenge: CHALLENGE }),
      { type: 'SWITCH_CAMERA' },
      { name: 'error', code: 'network' },
    ],
    ['another attempt', at('failed'), { type: 'RETRY' }, { name: 'starting' }],
    [
      'no other attempt',
      at('failed', { session: { ...SESSION, attempts_left: 0 } }),
      { type: 'RETRY' },
      { name: 'failed' },
    ],
  ];
  for (const [about, state, event, expected] of cases) {
    const after = next(state, event);
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(after[/** @type {keyof FlowState} */ (key)], value, `${about}: ${key}`);
    }
  }
});

test('an answer tells how many attempts are left', () => {
  assert.equal(next(uploading, { type: 'ANSWER', answer: FAILED }).session?.attempts_left, 2);
  assert.equal(next(at('preparing'), { type: 'FAILED', code: 'attempts_exhausted' }).session?.attempts_left, 0);
  const last = { ...FAILED, attempts_left: 0, cool_down_s: 1800 };
  const failed = next(uploading, { type: 'ANSWER', answer: last });
  assert.equal(failed.name, 'failed');
  assert.deepEqual([failed.session?.attempts_left, failed.session?.cool_down_s], [0, 1800]);
});

test('what a dropped challenge cost is told wherever the page is by then, and changes nothing else', () => {
  for (const name of /** @type {StateName[]} */ (Object.keys(SCREENS))) {
    const before = at(name);
    const answer = { ...FAILED, reason: /** @type {const} */ ('cancelled'), attempts_left: 1 };
    const after = next(before, { type: 'DROPPED', answer });
    const session = { ...SESSION, attempts_left: 1 };
    assert.deepEqual(after, { ...before, session: before.session && session }, name);
  }
});

test('nothing but the server’s answer verifies anybody', () => {
  /** @type {FlowEvent[]} */
  const others = [
    { type: 'START' }, { type: 'RETRY' }, { type: 'CANCEL' }, { type: 'ASKING' }, { type: 'CAMERA_READY' },
    { type: 'ENGINE_READY' }, { type: 'PROGRESS', progress: { loaded: 1, total: 1 } },
    { type: 'ALIGNED' }, { type: 'CHALLENGE', challenge: CHALLENGE }, { type: 'COMPLETE' }, { type: 'TIMED_OUT' },
    { type: 'SWITCH_CAMERA' }, { type: 'AGAIN', code: 'busy' },
    { type: 'HIDDEN' }, { type: 'CAMERA_ENDED' }, { type: 'TIMEOUT' }, { type: 'FAILED', code: 'unexpected' },
    { type: 'ANSWER', answer: FAILED }, { type: 'SESSION', session: SESSION },
  ];
  for (const name of /** @type {StateName[]} */ (Object.keys(SCREENS))) {
    if (name === 'verified') continue;
    for (const event of others) assert.notEqual(next(at(name), event).name, 'verified', `${name} + ${event.type}`);
  }
});

test('every state that waits for a machine has a way out by error and by time', () => {
  for (const name of /** @type {StateName[]} */ ([
    'boot',
    'starting',
    'align',
    'preparing',
    'recording',
    'uploading',
    'giving_up',
  ])) {
    assert.notEqual(next(at(name), { type: 'FAILED', code: 'unexpected' }).name, name, `${name} + FAILED`);
    assert.notEqual(next(at(name), { type: 'TIMEOUT' }).name, name, `${name} + TIMEOUT`);
    assert.ok(name === 'recording' || (TIMEOUTS_MS[name] ?? 0) > 0, `${name} has a time limit`);
  }
});

test('an event without meaning in a state changes nothing', () => {
  const state = at('priming');
  assert.equal(next(state, { type: 'COMPLETE' }), state);
  assert.equal(next(at('verified'), { type: 'FAILED', code: 'network' }).name, 'verified');
});

test('a recording that cannot be sent leads to another attempt, never back to the same failure', () => {
  for (const code of ['captures_unusable', 'engine_failed']) {
    const stuck = next(uploading, { type: 'FAILED', code });
    assert.deepEqual([stuck.name, stuck.code, stuck.challenge], ['error', code, null]);
    assert.equal(next(stuck, { type: 'RETRY' }).name, 'starting', code);
    assert.equal(next(stuck, { type: 'CANCEL' }).name, 'priming', code);
  }
});

test('what dropping such a recording cost is told on its error screen, too', () => {
  const stuck = next(uploading, { type: 'FAILED', code: 'captures_unusable' });
  const told = next(stuck, { type: 'DROPPED', answer: { ...FAILED, attempts_left: 1 } });
  assert.deepEqual([told.name, told.code, told.session?.attempts_left], ['error', 'captures_unusable', 1]);
});

test('every error that may be tried again can also be left, and Cancel shows only where it does something', () => {
  /** @type {[recovery: FlowState['recovery'], to: StateName][]} */
  const cases = [
    ['starting', 'priming'], ['uploading', 'boot'], ['boot', 'error'], ['reload', 'error'], ['register', 'error'],
    [null, 'error'],
  ];
  for (const [recovery, to] of cases) {
    const state = at('error', { recovery, code: 'unexpected', challenge: CHALLENGE });
    assert.equal(next(state, { type: 'CANCEL' }).name, to, `${recovery}`);
    assert.equal(isCancellable(state), to !== 'error', `${recovery}`);
  }
  const cancellable = (/** @type {StateName[]} */ (Object.keys(SCREENS))).filter((name) => isCancellable(at(name)));
  assert.deepEqual(cancellable, [
    'hearing', 'starting', 'align', 'preparing', 'recording', 'uploading', 'giving_up', 'paused', 'handoff',
  ]);
});

test('a phone takes over from the first screen, which follows it and may take the check back', () => {
  const after = (/** @type {StateName} */ name, /** @type {FlowEvent[]} */ ...events) => run(at(name), events);
  assert.deepEqual(after('priming', { type: 'HAND_OVER' }, { type: 'HANDED_OVER' }), ['handoff', 'following']);
  assert.deepEqual(after('error', { type: 'HAND_OVER' }, { type: 'CANCEL' }), ['handoff', 'boot']);
  assert.deepEqual(after('following', { type: 'TAKEN_BACK' }), ['boot']);
  assert.equal(next(at('following'), { type: 'VERIFIED_ELSEWHERE' }).code, 'elsewhere');
  // A page that is loaded again, and one whose check moved while it did something else.
  for (const name of /** @type {StateName[]} */ (['boot', 'preparing', 'uploading'])) {
    assert.deepEqual(after(name, { type: 'FAILED', code: 'session_handed_over' }), ['following']);
  }
  const { name, code, recovery } = next(at('preparing'), { type: 'FAILED', code: 'session_taken_back' });
  assert.deepEqual([name, code, recovery], ['error', 'session_taken_back', null]);
  assert.equal(next(at('following'), { type: 'FAILED', code: 'attempts_exhausted' }).name, 'failed');
});

test('a challenge is dropped when a recording ends without an answer, and only then', () => {
  /** @type {[FlowState, FlowEvent, string | null][]} */
  const cases = [
    [recording, { type: 'CANCEL' }, 'c1'],
    [recording, { type: 'HIDDEN' }, 'c1'],
    [recording, { type: 'TIMEOUT' }, 'c1'],
    [recording, { type: 'FAILED', code: 'engine_failed' }, 'c1'],
    [recording, { type: 'COMPLETE' }, null],
    [recording, { type: 'TIMED_OUT' }, null],
    [uploading, { type: 'CANCEL' }, null],
    [uploading, { type: 'FAILED', code: 'captures_unusable' }, 'c1'],
    [uploading, { type: 'FAILED', code: 'engine_failed' }, 'c1'],
    [uploading, { type: 'FAILED', code: 'network' }, null],
    [uploading, { type: 'TIMEOUT' }, null],
    [at('align'), { type: 'CANCEL' }, null],
  ];
  for (const [before, event, expected] of cases) {
    assert.equal(droppedChallenge(before, next(before, event)), expected, `${before.name} + ${event.type}`);
  }
});
