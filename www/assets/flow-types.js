// @ts-check
/** What `flow.js` knows: its states, and the events that lead from one to the next. Types only, no code. */

/**
 * @typedef {'boot' | 'priming' | 'hearing' | 'starting' | 'align' | 'preparing' | 'recording' | 'uploading' |
 *   'giving_up' | 'verified' | 'failed' | 'error' | 'paused' | 'handoff' | 'following'} StateName
 */
/**
 * @typedef {'loading' | 'priming' | 'hearing' | 'align' | 'recording' | 'uploading' | 'verified' | 'failed' | 'error' |
 *   'paused' | 'handoff' | 'following'} Screen
 */
/** @typedef {import('./recoveries.js').Recovery} Recovery */
/** @typedef {import('./types.js').Session} Session */
/** @typedef {import('./types.js').Challenge} Challenge */
/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {import('./types.js').Progress} Progress */

/** @typedef {object} FlowState
 * @property {StateName} name
 * @property {string | null} code why the state is shown: a note, a problem or a reason
 * @property {string | null} detail the server's sentence for `code`
 * @property {Recovery} recovery
 * @property {Session | null} session
 * @property {Challenge | null} challenge the open challenge
 * @property {boolean} camera whether the camera is on, while starting
 * @property {boolean} engine whether the engine is ready, while starting
 * @property {Progress | null} progress bytes loaded or sent
 * @property {number | null} rate frames analysed per second, once known
 */

/** @typedef {{type: 'SESSION', session: Session}
 *   | {type: 'START', tones?: boolean} | {type: 'HEARD'} | {type: 'UNHEARD'} | {type: 'RETRY'} | {type: 'CANCEL'}
 *   | {type: 'ASKING'} | {type: 'ANSWERED'} | {type: 'CAMERA_READY'} | {type: 'ENGINE_READY'}
 *   | {type: 'PROGRESS', progress: Progress}
 *   | {type: 'RATE', rate: number}
 *   | {type: 'ALIGNED'} | {type: 'CHALLENGE', challenge: Challenge}
 *   | {type: 'COMPLETE'} | {type: 'TIMED_OUT'} | {type: 'EXHAUSTED'} | {type: 'SWITCH_CAMERA'}
 *   | {type: 'AGAIN', code: string} | {type: 'ANSWER', answer: Answer}
 *   | {type: 'DROPPED', answer: Answer} | {type: 'VERIFIED_ELSEWHERE'}
 *   | {type: 'HAND_OVER'} | {type: 'HANDED_OVER'} | {type: 'TAKEN_BACK'}
 *   | {type: 'HIDDEN'} | {type: 'CAMERA_ENDED'} | {type: 'TIMEOUT'}
 *   | {type: 'FAILED', code: string, detail?: string | null}} FlowEvent */

export {};
