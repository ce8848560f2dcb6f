// @ts-check
/** Watches the camera: hands its frames to the engine, and turns what the engine sees into hints and events. */

import { closeFrame, pumpFrames } from './frames.js';
import { advance, isGesture, showNow, wanted } from './hints.js';
import { NOT_HELD, hold } from './hold.js';
import { Pace } from './pace.js';
import { asProblem } from './problem.js';
import { isCausedByTurn, isTurn } from './turn.js';

/** @typedef {import('./flow.js').FlowState} FlowState */
/** @typedef {import('./flow.js').FlowEvent} FlowEvent */
/** @typedef {import('./types.js').Observation} Observation */
/** How long nobody may be in view before fewer frames are analysed. Chosen by us. */
const EMPTY_MS = 3_000;

/** @typedef {Pick<import('./engine-client.js').EngineClient, 'push'>} Engine */

export class FrameWatch {
  /** What runs a prompted challenge while there is one. @type {import('./prompter.js').Prompter | null} */
  prompter = null;

  /** @type {AbortController | null} */
  #watching = null;
  #from_ms = -Infinity;
  #hints = showNow('starting', 0);
  #hold = NOT_HELD;
  /** When somebody was last in view, on the page's clock. */
  #seen_ms = -Infinity;
  #pace = new Pace(0);

  #view;
  #send;
  #state;
  #engineFailed;

  /**
   * @param {import('./capture-view.js').CaptureView} view
   * @param {(event: FlowEvent) => void} send
   * @param {() => FlowState} state the flow's current state
   * @param {() => void} engineFailed called before the failure of the engine is sent as an event
   */
  constructor(view, send, state, engineFailed) {
    this.#view = view;
    this.#send = send;
    this.#state = state;
    this.#engineFailed = engineFailed;
  }

  /** From when on frames count, on the page's clock. */
  get from_ms() {
    return this.#from_ms;
  }

  /**
   * Starts handing frames to the engine, unless that is going on already.
   * @param {Engine} engine @param {boolean} [readsHere] whether this page reads the pixels, not the engine's worker
   */
  start(engine, readsHere) {
    if (this.#watching !== null) return;
    const watching = new AbortController();
    this.#watching = watching;
    this.#pace = new Pace(this.#state().session?.frame_interval_ms ?? 0);
    this.#seen_ms = -Infinity;
    pumpFrames(this.#view.video, {
      pace: this.#pace,
      take: (frame) => this.#take(engine, frame, watching.signal),
      silent: () => this.#send({ type: 'CAMERA_ENDED' }),
      failed: (error) => {
        this.#engineFailed();
        this.#send({ type: 'FAILED', code: asProblem(error, 'engine_failed').code });
      },
    }, watching.signal, readsHere);
  }

  stop() {
    this.#watching?.abort();
    this.#watching = null;
    this.#from_ms = -Infinity;
  }

  /** Frames from before a challenge do not belong to it. @param {number} now_ms */
  ignoreBefore(now_ms) {
    this.#from_ms = now_ms;
  }

  /** Keeps frames at least this far apart from now on. @param {number} interval_ms */
  space(interval_ms) {
    this.#pace.space(interval_ms);
  }

  /** Starts over: the face has to be in place for a while again. */
  releaseHold() {
    this.#hold = NOT_HELD;
  }

  /** Shows this hint at once, whatever is shown now. @param {string} code */
  showHint(code) {
    this.#hints = showNow(code, performance.now());
    this.#view.hint(this.#hints.shown);
  }

  /** @param {Engine} engine @param {import('./frames.js').Frame} frame @param {AbortSignal} signal */
  async #take(engine, { image, turn, t_ms }, signal) {
    if (t_ms < this.#from_ms) return closeFrame(image);
    const { observation, spent_ms } = await engine.push(image, t_ms, turn);
    this.#pace.spent(spent_ms);
    if (signal.aborted) return;
    this.#reportRate();
    this.#rest(observation, t_ms);
    this.#observe(observation, t_ms);
  }

  /** @param {Observation} observation @param {number} t_ms */
  #observe(observation, t_ms) {
    const { name } = this.#state();
    if (name !== 'align' && name !== 'preparing' && name !== 'recording') return;
    const before = this.#hints.shown;
    // The prompter shows each cue, and its end, at once. Only during a turn are the eyes open for other hints.
    if (!isGesture(observation.prompt) || isTurn(observation.prompt)) {
      this.#hints = advance(this.#hints, wanted(observation, name), t_ms);
    }
    if (this.#hints.shown !== before) this.#view.hint(this.#hints.shown);
    if (name === 'align') this.#align(observation, t_ms);
    if (name === 'recording') this.#record(observation);
  }

  /** @param {Observation} observation @param {number} t_ms */
  #align(observation, t_ms) {
    this.#hold = hold(this.#hold, observation.gate === 'ok' && observation.settled, t_ms);
    this.#view.tone(this.#hold.since_ms === null ? 'seek' : 'good');
    this.#view.progress(this.#hold.share);
    if (this.#hold.share >= 1) this.#send({ type: 'ALIGNED' });
  }

  /** @param {Observation} observation */
  #record(observation) {
    const { gate, prompt } = observation;
    const isGood = gate === 'ok' || (prompt !== null && isCausedByTurn(gate, prompt));
    this.#view.tone(isGood ? 'blink' : 'seek');
    this.#view.progress(observation.progress);
    this.prompter?.observe(observation);
    if (observation.phase === 'complete') {
      if (this.prompter === null) this.#send({ type: 'COMPLETE' });
    } else if (observation.timed_out) {
      this.#send({ type: 'TIMED_OUT' });
    }
  }

  /** Spares the device while nobody is in view, but never during a recording. @param {Observation} observation */
  #rest({ faces }, /** @type {number} */ t_ms) {
    if (faces > 0 || this.#seen_ms === -Infinity || this.#state().name !== 'align') this.#seen_ms = t_ms;
    this.#pace.rest(t_ms - this.#seen_ms > EMPTY_MS);
  }

  /** Tells the flow how many frames a second are analysed, once that has changed by at least one. */
  #reportRate() {
    const { rate } = this.#pace;
    if (rate === null || Math.abs(rate - (this.#state().rate ?? Infinity)) < 1) return;
    this.#send({ type: 'RATE', rate: Math.round(rate) });
  }
}
