// @ts-check
/**
 * Runs a prompted challenge: sends the engine's commitments to the server, passes each cue that the server reveals to
 * the engine, and signals it when it is shown. The engine and the server decide what is asked and whether it was done.
 */

import { nextCue } from './api.js';
import { asProblem, isAbort } from './problem.js';
import { isTransient, pauseMs } from './submit.js';
import { delay } from './wait.js';

/** @typedef {import('./types.js').Observation} Observation */
/** @typedef {import('./types.js').NextCue} NextCue */
/** @typedef {import('./types.js').Prompt} Prompt */

export class Prompter {
  #callbacks;
  #challengeId;
  #signal;
  #busy = false;
  /** @type {Prompt['ask'] | null} */
  #shown = null;

  /**
   * @param {string} challengeId
   * @param {{
   *   engine: Pick<import('./engine-client.js').EngineClient, 'commitment' | 'reveal'>,
   *   show: (prompt: Prompt) => void,
   *   complete: () => void,
   *   exhausted: () => void,
   *   failed: (problem: import('./problem.js').Problem) => void,
   * }} callbacks
   * @param {AbortSignal} signal ends with the challenge
   */
  constructor(challengeId, callbacks, signal) {
    this.#challengeId = challengeId;
    this.#callbacks = callbacks;
    this.#signal = signal;
  }

  /** Takes the engine's observation of the newest frame. @param {Observation} observation */
  observe({ prompt, phase }) {
    if (prompt === null) return;
    if (prompt.ask !== this.#shown) {
      this.#shown = prompt.ask;
      this.#callbacks.show(prompt);
    }
    // The last round is committed too, before anything is uploaded.
    if (prompt.ask === 'fetch' || phase === 'complete') this.#advance();
  }

  /** Commits to the round and fetches the next cue, one request at a time. */
  async #advance() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const commitment = await this.#callbacks.engine.commitment();
      const next = await this.#ask(commitment);
      if (next.next === 'cue') await this.#callbacks.engine.reveal(next.cue, performance.now());
      else if (next.next === 'complete') this.#callbacks.complete();
      else this.#callbacks.exhausted();
    } catch (error) {
      if (!isAbort(error) && !this.#signal.aborted) this.#callbacks.failed(asProblem(error));
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Retries until there is an answer; repeated requests are harmless.
   * @param {import('./types.js').Commitment | null} commitment @returns {Promise<NextCue>}
   */
  async #ask(commitment) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await nextCue(this.#challengeId, commitment, { signal: this.#signal });
      } catch (error) {
        if (isAbort(error)) throw error;
        const problem = asProblem(error);
        if (!isTransient(problem)) throw problem;
        await delay(pauseMs(tries, problem.retryAfterMs, Math.random()), this.#signal);
      }
    }
  }
}
