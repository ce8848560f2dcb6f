// @ts-check
/**
 * The flow of the camera page as a pure table: `next(state, event)`. What the page does on entering a state is in
 * `camera-effects.js`, how a state looks is in `camera-screens.js`. Knows no time, no elements, no network.
 *
 * ```
 * boot → priming → (hearing) → starting → align → preparing → recording → uploading → verified
 *                                                                 └─ giving_up ─┴→ failed → starting …
 * any → error → (recovery) …     align, preparing, recording → paused → starting
 * priming, error → handoff → following → verified, or boot if the check is taken back
 * ```
 */

import { recoveryFrom } from './recoveries.js';

/** @typedef {import('./flow-types.js').StateName} StateName */
/** @typedef {import('./flow-types.js').Screen} Screen */
/** @typedef {import('./flow-types.js').FlowState} FlowState */
/** @typedef {import('./flow-types.js').FlowEvent} FlowEvent */
/** @typedef {import('./recoveries.js').Recovery} Recovery */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {(state: FlowState, event: any) => FlowState} Step */

/** Where the flow begins. @type {FlowState} */
export const INITIAL = Object.freeze({
  name: 'boot', code: null, detail: null, recovery: null, session: null, challenge: null, camera: false, engine: false,
  progress: null, rate: null,
});

/** The screen of each state. @type {Record<StateName, Screen>} */
export const SCREENS = {
  boot: 'loading', priming: 'priming', hearing: 'hearing', starting: 'loading', align: 'align', preparing: 'align',
  recording: 'recording', uploading: 'uploading', giving_up: 'uploading', verified: 'verified', failed: 'failed',
  error: 'error', paused: 'paused', handoff: 'handoff', following: 'following',
};

/**
 * How long a state may last before the page sends `TIMEOUT`, in ms; states without an entry wait for the person.
 * The limit of `recording` comes from its challenge, see `RECORDING_GRACE_MS`. Chosen by us.
 * @type {Partial<Record<StateName, number>>}
 */
export const TIMEOUTS_MS = {
  boot: 20_000,
  starting: 180_000,
  align: 180_000,
  preparing: 20_000,
  uploading: 180_000,
  giving_up: 20_000,
};

/** How long after its challenge's timeout a silent recording is ended. */
export const RECORDING_GRACE_MS = 3_000;

/**
 * Below this many frames per second a blink can fall between two of them, and the person is told that the device is
 * slow.
 */
const SLOW_RATE = 8;

/** Problems that arise while a recording is signed: nothing of it was sent. @type {ReadonlySet<string | null>} */
const UNSENT = new Set(['engine_failed', 'captures_unusable']);

/** @param {Recovery} again @returns {Step} */
const problem = (again) => (state, { code, detail = null }) => {
  if (code === 'already_verified') return enter(state, 'verified');
  // The session says for how long.
  if (code === 'cooling_down') return enter(state, 'boot');
  // A phone has it, perhaps since before this page was loaded again.
  if (code === 'session_handed_over') return enter(state, 'following');
  if (code === 'attempts_exhausted') return enter(withAttempts(state, 0), 'failed', { code, detail });
  return enter(state, 'error', {
    code,
    detail,
    recovery: recoveryFrom(code, again),
  });
};

/** @param {string} code @returns {Step} */
const pause = (code) => (state) => enter(state, 'paused', { code });

/** @type {Step} */
const begin = (state) => enter(state, 'starting', { rate: null });

/** @type {Step} */
const cancelled = (state) => enter(state, 'priming', { code: 'cancelled' });

/** Keeps the challenge as long as its recording can be sent again. @type {Step} */
const unsent = (state, event) => {
  const after = problem('uploading')(state, event);
  return after.recovery === 'uploading' ? { ...after, challenge: state.challenge } : after;
};

/** @type {Step} */
const decided = (state, { answer }) => answer.status === 'VERIFIED'
  ? enter(state, 'verified')
  : enter(withAnswer(state, answer), 'failed', { code: answer.reason, detail: answer.message });

/** @param {FlowState} state */
const alignWhenReady = (state) => (state.camera && state.engine ? enter(state, 'align') : state);

/** @type {Step} */
const measured = (state, { rate }) => ({ ...state, rate });

/** @type {Record<StateName, Partial<Record<FlowEvent['type'], Step>>>} */
const TRANSITIONS = {
  boot: {
    SESSION: (state, { session }) => opened({ ...state, session }),
    FAILED: problem('boot'),
    TIMEOUT: (state) => problem('boot')(state, { code: 'network' }),
  },
  priming: {
    HAND_OVER: (state) => enter(state, 'handoff'),
    // Whoever relies on a tone has to hear it. A site without tones says so by itself.
    START: (state, { tones }) => (tones && state.session?.tones ? enter(state, 'hearing') : begin(state, {})),
    FAILED: problem('boot'),
  },
  hearing: {
    HEARD: begin,
    UNHEARD: (state) => enter(state, 'priming', { code: 'tone_unheard' }),
    CANCEL: (state) => enter(state, 'priming'),
  },
  starting: {
    ASKING: (state) => (state.camera ? state : { ...state, code: 'camera_unanswered' }),
    ANSWERED: (state) => (state.code === null ? state : { ...state, code: null }),
    PROGRESS: (state, { progress }) => ({ ...state, progress }),
    CAMERA_READY: (state) => alignWhenReady({ ...state, camera: true, code: null }),
    ENGINE_READY: (state) => alignWhenReady({ ...state, engine: true }),
    CAMERA_ENDED: (state) => (state.camera ? pause('camera_ended')(state, {}) : state),
    FAILED: problem('starting'),
    TIMEOUT: (state) => problem('starting')(state, { code: state.camera ? 'engine_failed' : 'camera_unanswered' }),
    CANCEL: cancelled,
  },
  align: {
    RATE: measured,
    ALIGNED: (state) => enter(state, 'preparing'),
    SWITCH_CAMERA: begin,
    HIDDEN: pause('paused_hidden'),
    CAMERA_ENDED: pause('camera_ended'),
    TIMEOUT: pause('paused_idle'),
    FAILED: problem('starting'),
    CANCEL: cancelled,
  },
  preparing: {
    RATE: measured,
    CHALLENGE: (state, { challenge }) => enter(state, 'recording', { challenge }),
    HIDDEN: pause('paused_hidden'),
    CAMERA_ENDED: pause('camera_ended'),
    TIMEOUT: (state) => problem('starting')(state, { code: 'network' }),
    FAILED: problem('starting'),
    CANCEL: cancelled,
  },
  recording: {
    RATE: measured,
    SWITCH_CAMERA: begin,
    COMPLETE: (state) => enter(state, 'uploading', { challenge: state.challenge }),
    TIMED_OUT: (state) => enter(state, 'giving_up', { challenge: state.challenge }),
    EXHAUSTED: (state) => enter(state, 'giving_up', { challenge: state.challenge, code: 'prompt_missed' }),
    // The engine did not even report the timeout. That is our fault, so the attempt is not given up.
    TIMEOUT: (state) => problem('starting')(state, { code: 'engine_failed' }),
    HIDDEN: pause('paused_hidden'),
    CAMERA_ENDED: pause('camera_ended'),
    FAILED: problem('starting'),
    CANCEL: cancelled,
  },
  uploading: {
    PROGRESS: (state, { progress }) => ({ ...state, progress, code: null }),
    AGAIN: (state, { code }) => ({ ...state, code }),
    ANSWER: decided,
    FAILED: unsent,
    TIMEOUT: (state) => unsent(state, { code: 'network' }),
    // The upload may already be decided: only the server knows the result.
    CANCEL: (state) => enter(state, 'boot'),
  },
  giving_up: {
    ANSWER: decided,
    FAILED: problem('boot'),
    TIMEOUT: (state) => problem('boot')(state, { code: 'network' }),
    CANCEL: (state) => enter(state, 'boot'),
  },
  verified: {},
  failed: {
    RETRY: (state) => (attemptsLeft(state) > 0 ? begin(state, {}) : state),
  },
  handoff: {
    HANDED_OVER: (state) => enter(state, 'following'),
    FAILED: problem('boot'),
    CANCEL: (state) => enter(state, 'boot'),
  },
  following: {
    VERIFIED_ELSEWHERE: (state) => enter(state, 'verified', { code: 'elsewhere' }),
    TAKEN_BACK: (state) => enter(state, 'boot'),
    FAILED: problem('boot'),
  },
  error: {
    HAND_OVER: (state) => enter(state, 'handoff'),
    VERIFIED_ELSEWHERE: (state) => enter(state, 'verified', { code: 'elsewhere' }),
    SWITCH_CAMERA: (state) => (state.recovery === 'starting' ? begin(state, {}) : state),
    RETRY: (state) => {
      const { recovery, challenge } = state;
      if (recovery === 'boot' || recovery === 'starting') return enter(state, recovery);
      return recovery === 'uploading' ? enter(state, recovery, { challenge }) : state;
    },
    CANCEL: (state) => {
      if (state.recovery === 'starting') return enter(state, 'priming', { code: 'cancelled' });
      // As while uploading.
      return state.recovery === 'uploading' ? enter(state, 'boot') : state;
    },
  },
  paused: {
    RETRY: begin,
    SWITCH_CAMERA: begin,
    CANCEL: cancelled,
  },
};

/** The state after `event`; the same object if the event has no meaning in it.
 * @param {FlowState} state @param {FlowEvent} event @returns {FlowState} */
export function next(state, event) {
  // Whatever the page shows by now, the server has counted.
  if (event.type === 'DROPPED') return withAnswer(state, event.answer);
  return TRANSITIONS[state.name][event.type]?.(state, event) ?? state;
}

/** Whether the person can cancel. @param {FlowState} state */
export function isCancellable(state) {
  return next(state, { type: 'CANCEL' }) !== state;
}

/**
 * The open challenge that will not be answered any more: the page tells the server, which counts it at once.
 * @param {FlowState} before @param {FlowState} after @returns {string | null} its id
 */
export function droppedChallenge(before, after) {
  const answered = after.name === 'uploading' || after.name === 'giving_up' || after.name === 'recording';
  const isDropped = before.name === 'recording' ? !answered : isUnsent(before, after);
  return isDropped ? before.challenge?.challenge_id ?? null : null;
}

/** Whether the recording was lost before anything of it was sent. @param {FlowState} before @param {FlowState} after */
function isUnsent(before, after) {
  return before.name === 'uploading' && after.name === 'error' && UNSENT.has(after.code);
}

/** Whether the device analyses too few frames, unless the server asked for that few. @param {FlowState} state */
export function isSlow({ rate, session }) {
  const asked = 1000 / Math.max(1, session?.frame_interval_ms ?? 1);
  return rate !== null && rate < Math.min(SLOW_RATE, asked * 0.8);
}

/** @param {FlowState} state */
export function attemptsLeft(state) {
  return state.session?.attempts_left ?? 0;
}

/** @param {FlowState} state @param {StateName} name @param {Partial<FlowState>} [more] @returns {FlowState} */
function enter(state, name, more = {}) {
  return { ...INITIAL, session: state.session, rate: state.rate, name, ...more };
}

/** @param {FlowState} state @param {number} attempts @returns {FlowState} */
function withAttempts(state, attempts) {
  return { ...state, session: state.session && { ...state.session, attempts_left: attempts } };
}

/** What an answer says about further attempts. @param {FlowState} state @param {Answer} answer @returns {FlowState} */
function withAnswer(state, { attempts_left, cool_down_s }) {
  return { ...state, session: state.session && { ...state.session, attempts_left, cool_down_s } };
}

/** The initial state for a loaded session. @param {FlowState} state @returns {FlowState} */
function opened(state) {
  if (state.session?.status === 'VERIFIED') return enter(state, 'verified');
  if ((state.session?.cool_down_s ?? 0) > 0) return enter(state, 'error', { code: 'cooling_down', recovery: 'boot' });
  if (attemptsLeft(state) > 0) return enter(state, 'priming');
  return enter(state, 'failed', {
    code: state.session?.last_reason ?? 'attempts_exhausted',
    detail: state.session?.last_message ?? null,
  });
}
