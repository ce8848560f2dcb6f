// @ts-check
/** The shapes that cross a seam: server answers and engine observations. Types only, no code. */

/** What `GET /api/session` answers.
 * @typedef {object} Session
 * @property {string} email_masked
 * @property {'PENDING' | 'VERIFIED' | 'FAILED'} status
 * @property {number} attempts_left
 * @property {string | null} last_reason
 * @property {string | null} last_message
 * @property {number} session_expires_in_s
 * @property {number} cool_down_s how long no check can be begun after several that failed, else 0
 * @property {number} timeout_s
 * @property {number} frame_interval_ms
 * @property {'natural' | 'prompted'} policy how the next challenge is put
 * @property {boolean} tones whether a person may ask to be guided by tones
 */

/** What `POST /api/challenge` answers; handed to the engine as it is.
 * @typedef {object} Challenge
 * @property {string} challenge_id
 * @property {string} nonce
 * @property {string} audience
 * @property {number} attempt
 * @property {number} timeout_ms
 * @property {string} thresholds
 * @property {'natural' | 'prompted' | 'tone_guided'} policy
 * @property {number} rate frames a second, times ten
 */

/** What the server reveals of one round; handed to the engine as it is.
 * @typedef {{round: number, step: number, gesture: 'once' | 'twice' | 'hold', delay_ms: number, hold_ms: number}} Cue
 */

/** What `POST /api/cue/…` answers.
 * @typedef {{next: 'cue', cue: Cue} | {next: 'complete'} | {next: 'exhausted'}} NextCue
 */

/** What a prompted challenge asks: to fetch the next cue, to wait for it, a gesture, or to open the eyes again.
 * @typedef {object} Prompt
 * @property {number} done steps that are done
 * @property {number} steps
 * @property {'fetch' | 'wait' | 'once' | 'twice' | 'hold' | 'tone'} ask
 */

/** What `POST /api/submission/…` and `POST /api/give-up` answer.
 * @typedef {object} Answer
 * @property {'VERIFIED' | 'FAILED'} status
 * @property {string | null} reason
 * @property {string} message
 * @property {number} attempts_left
 */

/** What the engine says about one frame.
 * @typedef {object} Observation
 * @property {number} t_ms
 * @property {number} faces
 * @property {string} gate
 * @property {'left' | 'right' | 'up' | 'down' | null} direction where the face lies in the image as the camera gives it
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

/** Bytes of something on its way; `total` is null where it is not known.
 * @typedef {{loaded: number, total: number | null}} Progress
 */

export {};
