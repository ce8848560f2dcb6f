// @ts-check
/**
 * Chooses the hint that is shown: each observation asks for one, and a hint is shown once it has led for some time and
 * the one before was visible long enough to be read. Otherwise hints flicker, for eyes and screen readers alike. Pure.
 */

import { isCausedByTurn, isTurn } from './turn.js';

/** @typedef {import('./types.js').Observation} Observation */
/** @typedef {{code: string, direction: string | null}} Hint */
/** @typedef {object} HintState
 * @property {Hint} shown
 * @property {number} since_ms when it appeared
 * @property {{hint: Hint, t_ms: number}[]} recent hints asked for recently, oldest first
 */

/** The window of recent hints to choose from; a new one is shown after half of it (debounce 350 ms). */
export const WINDOW_MS = 700;

/** The least time that a hint stays visible. */
export const MIN_SHOWN_MS = 800;

/** Most urgent first: the engine's gates in its own order (engine/src/gate), then the hints for a good frame. */
export const PRIORITY = Object.freeze([
  'no_face', 'several_faces', 'too_dark', 'too_bright', 'too_far', 'too_close', 'off_center', 'turned', 'tilted',
  'eyes_unreadable', 'blurred',
  'open_again', 'settling', 'blink', 'ask_tone', 'ask_hold', 'ask_twice', 'ask_once', 'ask_turn_left', 'ask_turn_right',
  'ask_turn_back', 'ask_wait', 'ask_fetch', 'preparing', 'hold', 'starting',
]);

/** The state that shows this hint from `t_ms` on. @param {string} code @param {number} t_ms @returns {HintState} */
export function showNow(code, t_ms) {
  return { shown: { code, direction: null }, since_ms: t_ms, recent: [] };
}

/**
 * The hint that one frame asks for.
 * @param {Observation} observation @param {'align' | 'preparing' | 'recording'} phase @returns {Hint}
 */
export function wanted(observation, phase) {
  const { gate, direction, state, settled, prompt } = observation;
  if (phase === 'recording' && isGesture(prompt)) {
    // What closes the eyes stays visible until it is done: it cannot be read again later.
    if (!isTurn(prompt) || isCausedByTurn(gate, prompt)) return { code: `ask_${prompt.ask}`, direction: null };
  }
  if (gate !== 'ok') return { code: gate, direction };
  return { code: codeOfGoodFrame(phase, state, settled, prompt), direction: null };
}

/**
 * @param {'align' | 'preparing' | 'recording'} phase @param {Observation['state']} state @param {boolean} settled
 * @param {Observation['prompt']} prompt
 */
function codeOfGoodFrame(phase, state, settled, prompt) {
  if (phase === 'recording' && prompt !== null) return `ask_${prompt.ask}`;
  if (phase === 'recording') return state === 'closed' ? 'open_again' : 'blink';
  if (phase === 'preparing') return 'preparing';
  return settled ? 'hold' : 'settling';
}

/**
 * Whether the prompt asks for a gesture.
 * @param {Observation['prompt']} prompt @returns {prompt is import('./types.js').Prompt}
 */
export function isGesture(prompt) {
  return prompt !== null && prompt.ask !== 'fetch' && prompt.ask !== 'wait';
}

/**
 * The state after a frame at `t_ms` asked for `hint`. `shown` stays the same object as long as the screen does not
 * change.
 * @param {HintState} state @param {Hint} hint @param {number} t_ms @returns {HintState}
 */
export function advance(state, hint, t_ms) {
  const recent = [...state.recent, { hint, t_ms }].filter(
    (asked) => t_ms - asked.t_ms <= WINDOW_MS && asked.t_ms <= t_ms,
  );
  const lead = leader(recent);
  const readLongEnough = t_ms - state.since_ms >= MIN_SHOWN_MS;
  const hasLed = t_ms - (recent.find((asked) => same(asked.hint, lead))?.t_ms ?? t_ms) >= WINDOW_MS / 2;
  if (same(lead, state.shown) || !readLongEnough || !hasLed) return { ...state, recent };
  return { shown: lead, since_ms: t_ms, recent };
}

/** @param {Hint} a @param {Hint} b */
function same(a, b) {
  return a.code === b.code && a.direction === b.direction;
}

/** The hint asked for most often; on a tie, the more urgent one. @param {HintState['recent']} recent @returns {Hint} */
function leader(recent) {
  /** @type {Map<string, {hint: Hint, count: number}>} */
  const votes = new Map();
  for (const { hint } of recent) {
    const key = `${hint.code} ${hint.direction}`;
    votes.set(key, { hint, count: (votes.get(key)?.count ?? 0) + 1 });
  }
  const ranked = [...votes.values()].sort((a, b) => b.count - a.count || urgency(a.hint) - urgency(b.hint));
  return /** @type {{hint: Hint}} */ (ranked[0]).hint;
}

/** @param {Hint} hint */
function urgency(hint) {
  const rank = PRIORITY.indexOf(hint.code);
  return rank < 0 ? PRIORITY.length : rank;
}
