// @ts-check
/**
 * Follows a check that goes on in another browser or on another device: this page then shows how it ended, by itself.
 */

import { outcome } from './api.js';
import { helpsElsewhere } from './elsewhere.js';
import { asProblem } from './problem.js';
import { delay } from './wait.js';

/** @typedef {import('./flow.js').FlowState} FlowState */

/** How often the page asks, in ms. Chosen by us. */
const ASK_EVERY_MS = 3_000;

/** Whether somebody may be going on elsewhere: they were told how, or took the check away from here.
 * @param {FlowState} state */
export function mayGoOnElsewhere({ name, code }) {
  if (name === 'following') return true;
  return name === 'error' && code !== null && (code === 'session_replaced' || helpsElsewhere(code));
}

/** @typedef {import('./types.js').Schemas['Outcome']} Outcome */

/**
 * Resolves once the check has ended elsewhere, and never if this page cannot know.
 * @param {AbortSignal} signal @param {() => Promise<Outcome>} [ask] @returns {Promise<Outcome>}
 */
export async function endElsewhere(signal, ask = () => outcome({ signal })) {
  for (;;) {
    await delay(ASK_EVERY_MS, signal);
    try {
      const found = await ask();
      if (found.status === 'VERIFIED' || !found.goes_on) return found;
    } catch (error) {
      // A lost connection comes back. Without a session there is nothing to follow.
      if (asProblem(error).code === 'session_missing') await new Promise(() => undefined);
    }
  }
}
