// @ts-check
/**
 * Runs a prompted challenge: tells the server what the engine committed to, hands it the next cue, and signals each cue as it
 * is shown. What is asked and whether it was done, the engine and the server decide.
 */

import { nextCue } from './api.js';
import { asProblem, isAbort } from './problem.js';
import { passes, pauseMs } from './submit.js';
import { delay } from './wait.js';

/** @typedef {import('./types.js').Observation} Observation */
/** @typedef {import('./types.js').NextCue} NextCue */
/** @typedef {import('./types.js').Prompt} Prompt */

export class Prompter {
  #to;
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
   * }} to
   * @param {AbortSignal} signal ends with the challenge
   */
  constructor(challengeId, to, signal) {
    this.#challengeId = challengeId;
    this.#to = to;
    this.#signal = signal;
  }

  /** Takes in what the engine said about the newest frame. @param {Observation} observation */
  observe({ prompt, phase }) {
    if (prompt === null) return;
    if (prompt.ask !== this.#shown) {
      this.#shown = prompt.ask;
      this.#to.show(prompt);
    }
    // The last round is committed to as well, before anything is sent.
    if (prompt.ask === 'fetch' || phase === 'complete') this.#goOn();
  }

  /** Fetches what comes next, once at a time. */
  async #goOn() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const commitment = await this.#to.engine.commitment();
      const next = await this.#ask(commitment);
      if (next.next === 'cue') await this.#to.engine.reveal(next.cue, performance.now());
      else if (next.next === 'complete') this.#to.complete();
      else this.#to.exhausted();
    } catch (error) {
      if (!isAbort(error) && !this.#signal.aborted) this.#to.failed(asProblem(error));
    } finally {
      this.#busy = false;
    }
  }

  /** Asks until there is an answer; repeats are harmless. @param {object | null} commitment @returns {Promise<NextCue>} */
  async #ask(commitment) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await nextCue(this.#challengeId, commitment, { signal: this.#signal });
      } catch (error) {
        if (isAbort(error)) throw error;
        const problem = asProblem(error);
        if (!passes(problem)) throw problem;
        await delay(pauseMs(tries, problem.retryAfterMs, Math.random()), this.#signal);
      }
    }
  }
}
