// @ts-check
/**
 * The cues of a head turn: which they are, which hints the turn itself would cause, and where their arrows are. In a
 * cue left and right are the person's own; on the screen they change sides if the picture is not mirrored. Pure.
 */

/** @typedef {import('./types.js').Prompt} Prompt */
/** @typedef {'left' | 'right'} Side of the screen */
/** @typedef {{at: Side, to: Side}} Arrow beside the face: where it is, and where it points */

/** The arrows of each cue, as in a mirrored picture. @type {Record<string, Arrow[]>} */
const ARROWS = {
  turn_left: [{ at: 'left', to: 'left' }],
  turn_right: [{ at: 'right', to: 'right' }],
  turn_back: [{ at: 'left', to: 'right' }, { at: 'right', to: 'left' }],
};

/**
 * Gates that a turn itself closes: a moving face is blurred, and its far eye hard to read. Their hints would contradict
 * the cue.
 */
const CAUSED = new Set(['turned', 'blurred', 'eyes_unreadable']);

/** Whether the prompt asks for a head turn or its end. @param {Prompt | null} prompt */
export function isTurn(prompt) {
  return prompt !== null && Object.hasOwn(ARROWS, prompt.ask);
}

/** Whether the gate may be closed just because the person follows the prompt.
 * @param {string} gate @param {Prompt} prompt */
export function isCausedByTurn(gate, prompt) {
  return isTurn(prompt) && CAUSED.has(gate);
}

/** The cue, or a code that ends in it, whose picture fits what is on the screen.
 * @param {string} code @param {boolean} mirrored @returns {string} */
export function asSeen(code, mirrored) {
  if (mirrored) return code;
  return code.replace(/turn_(left|right)$/, (_, side) => (side === 'left' ? 'turn_right' : 'turn_left'));
}

/** @param {Prompt['ask'] | null} ask @param {boolean} mirrored @returns {Arrow[]} */
export function arrowsFor(ask, mirrored) {
  return (ask !== null && ARROWS[asSeen(ask, mirrored)]) || [];
}
