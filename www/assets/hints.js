// @ts-check
/**
 * The hint engine, pure: which one hint an observation asks for, and which one is shown. A hint is shown once it led for
 * some time and the one before it was up long enough to be read; otherwise eyes and screen readers both suffer.
 */

/** @typedef {import('./types.js').Observation} Observation */
/** @typedef {{code: string, direction: string | null}} Hint */
/** @typedef {object} HintState
 * @property {Hint} shown
 * @property {number} since_ms when it was put up
 * @property {{hint: Hint, t_ms: number}[]} recent what was asked for lately, oldest first
 */

/** Hints are chosen from what was asked for within this time; a new one leads after half of it (debounce 350 ms). */
export const WINDOW_MS = 700;

/** How long a hint stays at least. */
export const MIN_SHOWN_MS = 800;

/** The most urgent first. The engine's gates stand in its own order (gate.rs), then come the hints of a good frame. */
export const PRIORITY = Object.freeze([
  'no_face', 'several_faces', 'too_dark', 'too_bright', 'too_far', 'too_close', 'off_center', 'turned', 'tilted', 'eyes_unreadable', 'blurred',
  'open_again', 'settling', 'blink', 'ask_tone', 'ask_hold', 'ask_twice', 'ask_once', 'ask_wait', 'ask_fetch', 'preparing', 'hold', 'starting',
]);

/** What to begin with, at `t_ms`. @param {string} code @param {number} t_ms @returns {HintState} */
export function showNow(code, t_ms) {
  return { shown: { code, direction: null }, since_ms: t_ms, recent: [] };
}

/**
 * The hint that one frame asks for.
 * @param {Observation} observation @param {'align' | 'preparing' | 'recording'} phase @returns {Hint}
 */
export function wanted(observation, phase) {
  const { gate, direction, state, settled, prompt } = observation;
  // What was asked stays in sight until it is done: it cannot be read again later.
  if (phase === 'recording' && isGesture(prompt)) return { code: `ask_${prompt.ask}`, direction: null };
  if (gate !== 'ok') return { code: gate, direction: gate === 'off_center' ? direction : null };
  return { code: codeOfGoodFrame(phase, state, settled, prompt), direction: null };
}

/** @param {'align' | 'preparing' | 'recording'} phase @param {Observation['state']} state @param {boolean} settled @param {Observation['prompt']} prompt */
function codeOfGoodFrame(phase, state, settled, prompt) {
  if (phase === 'recording' && prompt !== null) return `ask_${prompt.ask}`;
  if (phase === 'recording') return state === 'closed' ? 'open_again' : 'blink';
  if (phase === 'preparing') return 'preparing';
  return settled ? 'hold' : 'settling';
}

/** Whether a gesture is asked for now. @param {Observation['prompt']} prompt @returns {prompt is import('./types.js').Prompt} */
export function isGesture(prompt) {
  return prompt !== null && prompt.ask !== 'fetch' && prompt.ask !== 'wait';
}

/**
 * The state after a frame at `t_ms` asked for `hint`. Returns the same `shown` object as long as nothing changes on screen.
 * @param {HintState} state @param {Hint} hint @param {number} t_ms @returns {HintState}
 */
export function advance(state, hint, t_ms) {
  const recent = [...state.recent, { hint, t_ms }].filter((asked) => t_ms - asked.t_ms <= WINDOW_MS && asked.t_ms <= t_ms);
  const lead = leader(recent);
  const readLongEnough = t_ms - state.since_ms >= MIN_SHOWN_MS;
  const stands = t_ms - (recent.find((asked) => same(asked.hint, lead))?.t_ms ?? t_ms) >= WINDOW_MS / 2;
  if (same(lead, state.shown) || !readLongEnough || !stands) return { ...state, recent };
  return { shown: lead, since_ms: t_ms, recent };
}

/** @param {Hint} a @param {Hint} b */
function same(a, b) {
  return a.code === b.code && a.direction === b.direction;
}

/** The hint asked for most often; of equals the most urgent. @param {HintState['recent']} recent @returns {Hint} */
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
  const place = PRIORITY.indexOf(hint.code);
  return place < 0 ? PRIORITY.length : place;
}
