// @ts-check
/** The shapes of the admin interface's responses, derived as in `../types.js`. No code. */

/** @typedef {import('../types.js').Schemas} Schemas */
/** @typedef {Schemas['Scope']} Scope */
/** What a key and a code open. @typedef {Schemas['AdminSession']} AdminSession */
/** Whose key it is and what it opens. @typedef {Schemas['Me']} Me */
/** @typedef {Schemas['ReviewState'] | null} ReviewState */
/** An attempt that ended, as it is listed. @typedef {Schemas['Event']} Event */
/** @typedef {Schemas['Events']} EventPage */
/** An attempt that ended, with everything that is kept of it. @typedef {Schemas['EventDetail']} WholeEvent */
/** Eye aspect ratios; sides are the subject's own. @typedef {Schemas['EyeRatios']} Ears */
/** @typedef {Schemas['Curve']} Curve */
/** @typedef {Curve['frames'][number]} CurveFrame */
/** @typedef {Schemas['Closure']} Closure */
/** @typedef {Curve['cells'][number]} Cell */
/** @typedef {Schemas['TimelineEntry']} Moment */
/** @typedef {Schemas['ReviewMade']} Review */
/** The figures of the decision, as far as it got; text if it is damaged. @typedef {Schemas['Record']} DecisionRecord */
/** @typedef {Schemas['AdminCheck']} Check */
/** @typedef {Schemas['AdminChecks']} CheckPage */
/** @typedef {Schemas['AdminSite']} Site */
/** @typedef {Schemas['WebhookDetail']} Webhook */
/** @typedef {Schemas['AuditEntry']} AuditEntry */
/** @typedef {Schemas['AuditEntries']} AuditPage */
/** What would be erased of a user, or was. @typedef {Schemas['Erasure']['users'][number]} Erasure */

/**
 * @typedef {object} Desk what every view works with while an operator is signed in
 * @property {import('./api.js').AdminApi} api
 * @property {Me} me
 * @property {(scope: Scope) => boolean} may
 * @property {(words: string) => void} say for screen readers
 * @property {(error: unknown) => import('../problem.js').Problem | null} problemOf null if nothing is to be shown: the
 *   work was aborted, or the key was refused and is asked for again
 */

export {};
