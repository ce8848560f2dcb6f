// @ts-check
/** The shapes of the admin interface's answers (docs/admin.md). No code. */

/** @typedef {'events' | 'captures' | 'review' | 'erase' | 'audit' | 'metrics'} Scope */
/** @typedef {{name: string, scopes: Scope[]}} Me whose key it is and what it opens */

/** @typedef {null | 'open' | 'approved' | 'declined'} ReviewState */

/**
 * @typedef {object} Event an attempt that ended, as it is listed
 * @property {string} id
 * @property {string} email
 * @property {'VERIFIED' | 'FAILED'} status
 * @property {string | null} reason
 * @property {string | null} open_capture_ref
 * @property {string | null} closed_capture_ref
 * @property {string | null} strip_ref
 * @property {string | null} captures_removed_at
 * @property {string} created_at
 * @property {number} attempt
 * @property {string} challenge_id
 * @property {string} thresholds
 * @property {string} engine
 * @property {{near_copies?: string[]} | null} review why somebody should look at it
 * @property {ReviewState} review_state
 */

/** @typedef {{left: number, right: number}} Ears eye aspect ratios, sides the subject's own */
/** @typedef {{t: number, left: number | null, right: number | null, gate: string | null}} CurveFrame */
/** @typedef {{start_ms: number, closed_ms: number, end_ms: number}} Closure */
/** @typedef {{t: number, claimed: Ears | null, scored: Ears | null}} Cell */
/** @typedef {{frames: CurveFrame[], closures: Closure[], captures: {open: number, closed: number}, cells: Cell[]}} Curve */

/** @typedef {{at: string, what: string} & Record<string, unknown>} Moment */
/** @typedef {{decision: 'approve' | 'decline', note: string | null, actor: string, at: string}} Review */
/** @typedef {Record<string, any>} DecisionRecord the figures of the decision, as far as it came; only text where it is damaged */

/**
 * @typedef {Event & {policy: string, timeline: Moment[], curve: Curve | null, record: DecisionRecord, reviews: Review[], user: {status: string} | null}} WholeEvent
 */

/** @typedef {{id: string, created_at: string, action: string, actor: string, details: unknown}} AuditEntry */

/** @typedef {{user: string, status: string, would_erase?: Record<string, number>, erased?: Record<string, number>}} Erasure what would go of a user, or went */

/** @typedef {{events: Event[], next_cursor: string | null}} EventPage */
/** @typedef {{entries: AuditEntry[], next_cursor: string | null}} AuditPage */

/**
 * @typedef {object} Desk what every view works with while somebody is signed in
 * @property {import('./api.js').AdminApi} api
 * @property {Me} me
 * @property {(scope: Scope) => boolean} may
 * @property {(words: string) => void} say for screen readers
 * @property {(error: unknown) => import('../problem.js').Problem | null} problemOf null where nothing is to be shown: nobody waits any more, or the key is refused and asked for again
 */

export {};
