// @ts-check
/** What the camera page offers against each problem. */

/** What the buttons of an error screen do: restart a state, reload the page, ask for a new link, or nothing.
 * `elsewhere`: reload the page after changing a setting, or ask for a new link and open it in another browser.
 * @typedef {'boot' | 'starting' | 'uploading' | 'reload' | 'register' | 'elsewhere' | null} Recovery */

/** What helps against a problem, where simply trying again does not. @type {Record<string, Recovery>} */
export const RECOVERIES = {
  session_missing: 'register', session_expired: 'register', session_replaced: 'register', cookies_blocked: 'register',
  attempts_exhausted: 'register', camera_unsupported: 'register', camera_missing: 'starting',
  in_app_browser: 'starting',
  camera_insecure: null, session_taken_back: null, camera_policy: 'register',
  wasm_disabled: 'elsewhere', wasm_unsupported: 'elsewhere', worker_unsupported: 'elsewhere',
  pixels_falsified: 'elsewhere',
  model_corrupt: 'reload', engine_version: 'reload', key_invalid: 'reload', consent_unknown: 'reload',
  submission_malformed: 'reload', too_large: 'reload', unexpected: 'reload', origin_refused: 'register',
  challenge_unknown: 'starting', challenge_expired: 'starting', challenge_round: 'starting',
  // Signing the same recording again would only fail again.
  engine_failed: 'starting', captures_unusable: 'starting',
  tone_guided_refused: 'boot', turn_required: 'boot', challenge_used: 'boot',
};

/** What helps against the problem. @param {string} code @param {Recovery} again how to simply try again */
export function recoveryFrom(code, again) {
  return Object.hasOwn(RECOVERIES, code) ? (RECOVERIES[code] ?? null) : again;
}
