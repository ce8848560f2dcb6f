// @ts-check
/**
 * The shapes that cross a seam: the server's responses and the engine's observations. Types only, no code. Those of the
 * server are derived from docs/openapi.json by `tests/types.js`, which resolves `blinkgate-api`.
 */

/** @typedef {import('blinkgate-api').components['schemas']} Schemas */
/** What `GET /api/session` returns. @typedef {Schemas['Session']} Session */
/** What `POST /api/challenge` returns; passed to the engine unchanged. @typedef {Schemas['Challenge']} Challenge */
/** What the server reveals of one round; passed to the engine unchanged. @typedef {Schemas['Cue']} Cue */
/** What `POST /api/cue/…` returns. @typedef {Schemas['NextCue']} NextCue */
/** What the page commits to when a round ends. @typedef {Schemas['Commitment']} Commitment */
/** What `POST /api/submission/…` and `POST /api/give-up` return. @typedef {Schemas['Answer']} Answer */

/** What a prompted challenge asks for: fetching the next cue, waiting for it, a gesture, or its end, for which the eyes
 * open or the head turns back. Left and right are the person's own.
 * @typedef {object} Prompt
 * @property {number} done completed steps
 * @property {number} steps
 * @property {'fetch' | 'wait' | 'once' | 'twice' | 'hold' | 'tone' | 'turn_left' | 'turn_right' | 'turn_back'} ask
 */

/** What the engine reports about one frame.
 * @typedef {object} Observation
 * @property {number} t_ms
 * @property {number} faces
 * @property {string} gate
 * @property {'left' | 'right' | 'up' | 'down' | null} direction where the face is in the unmirrored image
 * @property {'unknown' | 'open' | 'closing' | 'closed' | 'opening'} state
 * @property {number | null} ear_right
 * @property {number | null} ear_left
 * @property {boolean} settled
 * @property {'idle' | 'recording' | 'complete'} phase
 * @property {number} progress
 * @property {number | null} remaining_ms
 * @property {boolean} timed_out
 * @property {Prompt | null} prompt
 * @property {[number, number, number, number] | null} box
 * @property {{start_ms: number, closed_ms: number, end_ms: number} | null} blink
 */

/** What is uploaded, with the key that makes a repeated upload harmless.
 * @typedef {object} Submission
 * @property {string} challenge_id
 * @property {Blob} transcript
 * @property {Blob} open
 * @property {Blob} closed
 * @property {Blob} strip
 * @property {string} idempotency_key
 * @property {boolean} begun whether some of it may have been sent before
 */

/** Bytes of a transfer; `total` is null if unknown.
 * @typedef {{loaded: number, total: number | null}} Progress
 */

export {};
