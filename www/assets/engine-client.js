// @ts-check
/**
 * The page's end of the engine's worker: one method per call, each returning a promise. Knows neither camera nor flow.
 */

import { Problem } from './problem.js';

/** @typedef {import('./types.js').Observation} Observation */
/** @typedef {import('./types.js').Progress} Progress */
/**
 * @typedef {{resolve: (value: any) => void, reject: (error: Problem) => void, timer: ReturnType<typeof setTimeout>}}
 *   Waiting
 */

/** A call takes milliseconds; one that takes this long will never return. */
const CALL_TIMEOUT_MS = 15_000;

/** Loading takes as long as the network needs; downloads that stall fail by themselves. */
const LOAD_TIMEOUT_MS = 600_000;

export class EngineClient {
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #lastId = 0;
  #worker;
  /** @type {(progress: Progress) => void} */
  #onProgress;

  /** Starts the worker. @param {(progress: Progress) => void} onProgress bytes loaded so far */
  constructor(onProgress) {
    this.#onProgress = onProgress;
    this.#worker = new Worker(new URL('./engine-worker.js', import.meta.url), { type: 'module', name: 'engine' });
    this.#worker.addEventListener('message', ({ data }) => this.#receive(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#failAll(new Problem('engine_failed', { cause: event.message }));
    });
    this.#worker.addEventListener('messageerror', () => this.#failAll(new Problem('engine_failed')));
  }

  /** Whether the worker can read the pixels of frames. Some browsers falsify them. @returns {Promise<boolean>} */
  readsTruly() {
    return this.#call('readsTruly');
  }

  /**
   * Loads engine and models.
   * @param {import('./engine-files.js').Build} build @returns {Promise<{engine: string, thresholds: string}>}
   */
  load(build) {
    return this.#call('load', [build], [], LOAD_TIMEOUT_MS);
  }

  /**
   * @param {import('./pixels.js').FrameImage} image transferred @param {number} t_ms
   * @param {import('./orientation.js').Turn} turn what makes it upright
   * @returns {Promise<{observation: Observation, spent_ms: number}>}
   */
  push(image, t_ms, turn) {
    return this.#call('push', [image, t_ms, turn], [image instanceof ImageData ? image.data.buffer : image]);
  }

  /** @returns {Promise<void>} */
  reset() {
    return this.#call('reset');
  }

  /** @returns {Promise<Uint8Array>} */
  softPublicKey() {
    return this.#call('softPublicKey');
  }

  /**
   * @param {import('./types.js').Challenge} terms @param {'webcrypto' | 'soft'} keyKind @param {number} now_ms
   * @param {Uint8Array} publicKey @returns {Promise<void>}
   */
  begin(terms, keyKind, now_ms, publicKey) {
    return this.#call('begin', [terms, keyKind, now_ms, publicKey]);
  }

  /** @returns {Promise<string>} */
  signingInput() {
    return this.#call('signingInput');
  }

  /** @param {string} input @returns {Promise<Uint8Array>} */
  softSign(input) {
    return this.#call('softSign', [input]);
  }

  /**
   * The commitment of the round that just ended; `null` before the first cue.
   * @returns {Promise<import('./types.js').Commitment | null>}
   */
  commitment() {
    return this.#call('commitment');
  }

  /** @param {import('./types.js').Cue} cue what the server revealed @param {number} now_ms @returns {Promise<void>} */
  reveal(cue, now_ms) {
    return this.#call('reveal', [cue, now_ms]);
  }

  /** The pictures as JPEG. @returns {Promise<Record<'open' | 'closed' | 'strip', Uint8Array<ArrayBuffer>>>} */
  captures() {
    return this.#call('captures');
  }

  /** Stops the worker and rejects every pending call. */
  close() {
    this.#worker.terminate();
    this.#failAll(new Problem('engine_failed'));
  }

  /**
   * @param {string} op @param {unknown[]} [args] @param {Transferable[]} [transfer] @param {number} [timeoutMs]
   * @returns {Promise<any>}
   */
  #call(op, args = [], transfer = [], timeoutMs = CALL_TIMEOUT_MS) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const timer = setTimeout(
        () => this.#settle(id)?.reject(new Problem('engine_failed', { cause: `${op} did not return` })),
        timeoutMs,
      );
      this.#waiting.set(id, { resolve, reject, timer });
      this.#worker.postMessage({ id, op, args }, transfer);
    });
  }

  /** @param {{id?: number, value?: unknown, problem?: {code: string, message: string}, loading?: Progress}} answer */
  #receive({ id, value, problem, loading }) {
    if (loading) return this.#onProgress(loading);
    const waiting = this.#settle(id ?? 0);
    if (problem) waiting?.reject(engineProblem(problem));
    else waiting?.resolve(value);
  }

  /** @param {number} id */
  #settle(id) {
    const waiting = this.#waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }

  /** @param {Problem} problem */
  #failAll(problem) {
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(problem);
  }
}

/**
 * Our codes for the engine's. For all others the page says that the engine failed. `incomplete`: every step is done,
 * but of none of them is there a pair of pictures that can be sent.
 */
const CODES = new Map([
  ...['model_corrupt', 'engine_version', 'network', 'server_error'].map((code) => /** @type {const} */ ([code, code])),
  ['incomplete', 'captures_unusable'],
]);

/** @param {{code: string, message: string}} problem */
function engineProblem({ code, message }) {
  return new Problem(CODES.get(code) ?? 'engine_failed', { cause: `${code}: ${message}` });
}
