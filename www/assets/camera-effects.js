// @ts-check
/**
 * What the camera page does on entering each state of `flow.js`. Each effect ends with its state: its signal is aborted
 * when the flow goes on. Whatever goes wrong becomes a `FAILED` event; nothing is thrown to nobody.
 */

import { challenge as askChallenge, giveUp, session as askSession } from './api.js';
import { base64url } from './base64url.js';
import { consentHash } from './consent.js';
import { CueSignals } from './cue-signals.js';
import { EngineClient } from './engine-client.js';
import { letGo, pumpFrames } from './frames.js';
import { advance, isGesture, showNow, wanted } from './hints.js';
import { NOT_HELD, hold } from './hold.js';
import { compactJws, makeKey } from './keys.js';
import { LiveCamera } from './live-camera.js';
import { Prompter } from './prompter.js';
import { Pace } from './pace.js';
import { Problem, asProblem, isAbort } from './problem.js';
import { submit } from './submit.js';
import { bestBuild, missing } from './support.js';
import { append, decide, received } from './upload.js';
import { delay, online } from './wait.js';

/** @typedef {import('./flow.js').FlowState} FlowState */
/** @typedef {import('./flow.js').FlowEvent} FlowEvent */
/** @typedef {import('./flow.js').StateName} StateName */
/** @typedef {import('./types.js').Observation} Observation */
/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./capture-view.js').CaptureView} CaptureView */

/** How long the camera stays open beside a failed attempt, so that trying again needs no new permission. */
const KEEP_OPEN_MS = 60_000;

/** States that look through the camera. @type {ReadonlySet<StateName>} */
const LOOKING = new Set(['align', 'preparing', 'recording']);

/** States that keep the camera open. @type {ReadonlySet<StateName>} */
const OPEN = new Set(['starting', 'align', 'preparing', 'recording', 'uploading', 'giving_up', 'failed']);

export class CameraEffects {
  /** @type {EngineClient | null} */
  #engine = null;
  /** @type {Promise<unknown> | null} */
  #engineLoad = null;
  /** @type {import('./keys.js').SigningKey | null} */
  #key = null;
  /** @type {Submission | null} */
  #submission = null;
  /** @type {AbortController | null} */
  #looking = null;
  /** @type {Prompter | null} */
  #prompter = null;
  #toneGuided = false;
  #signals = new CueSignals();
  #notBefore_ms = -Infinity;
  #hints = showNow('starting', 0);
  #hold = NOT_HELD;
  #pace = new Pace(0);

  #camera;
  #view;
  #send;
  #state;

  /**
   * @param {CaptureView} view
   * @param {(event: FlowEvent) => void} send
   * @param {() => FlowState} state the flow's state now
   */
  constructor(view, send, state) {
    this.#view = view;
    this.#send = send;
    this.#state = state;
    this.#camera = new LiveCamera(view, { asking: () => send({ type: 'ASKING' }), ended: () => send({ type: 'CAMERA_ENDED' }) });
  }

  /** The pictures of the last submission, if there was one. */
  get pictures() {
    return this.#submission;
  }

  /** @param {FlowState} state just entered @param {AbortSignal} signal ends with it */
  enter(state, signal) {
    if (!OPEN.has(state.name)) this.#camera.close();
    if (!LOOKING.has(state.name)) this.#stopLooking();
    const effect = this.#effects[state.name];
    effect?.(state, signal).catch((error) => {
      if (isAbort(error) || signal.aborted) return;
      const { code, detail } = asProblem(error);
      this.#send({ type: 'FAILED', code, detail });
    });
  }

  /** Switches everything off: the page is being left. */
  close() {
    this.#stopLooking();
    this.#camera.close();
    this.#dropEngine();
    this.#signals.close();
  }

  /** Tells the server that nobody will answer this challenge. Best effort: an unanswered challenge expires. @param {string} challengeId */
  drop(challengeId) {
    giveUp(challengeId, 'cancelled', { keepalive: true }).catch(() => undefined);
  }

  /** Prepares what only a tap may: sound. @param {boolean} toneGuided whether the person asks to be guided by tones */
  tapped(toneGuided) {
    this.#toneGuided = toneGuided;
    this.#signals.prepare();
  }

  /** @param {string} deviceId */
  chooseCamera(deviceId) {
    this.#camera.choose(deviceId);
  }

  /** @type {Partial<Record<StateName, (state: FlowState, signal: AbortSignal) => Promise<void>>>} */
  #effects = {
    boot: async (_, signal) => {
      const session = await askSession({ signal });
      const lacking = session.status === 'VERIFIED' ? null : missing(globalThis);
      if (lacking !== null) throw new Problem(lacking);
      this.#send({ type: 'SESSION', session });
    },

    starting: async (_, signal) => {
      this.#submission = null;
      // The camera first: it must be asked for within the tap.
      const camera = this.#startCamera(signal);
      const engine = this.#startEngine(signal);
      await Promise.all([camera, engine]);
    },

    align: async (_, signal) => {
      if (document.hidden) return this.#send({ type: 'HIDDEN' });
      await this.#engine?.reset();
      if (signal.aborted) return;
      this.#hold = NOT_HELD;
      this.#showHint('starting');
      this.#look();
    },

    preparing: async (_, signal) => {
      if (this.#engine === null) throw new Problem('engine_failed');
      this.#key = await makeKey(this.#engine);
      const challenge = await askChallenge(base64url(this.#key.publicKey), this.#state().rate, this.#toneGuided, await consentHash(), { signal });
      const now_ms = performance.now();
      this.#notBefore_ms = now_ms;
      await this.#engine.begin(challenge, this.#key.kind, now_ms, this.#key.publicKey);
      this.#send({ type: 'CHALLENGE', challenge });
    },

    recording: async (state, signal) => {
      const challengeId = state.challenge?.challenge_id ?? '';
      this.#prompter = state.challenge?.policy === 'natural' ? null : this.#makePrompter(challengeId, signal);
      this.#showHint(this.#prompter === null ? 'blink' : 'ask_wait');
      this.#view.tone('blink');
      this.#view.progress(0);
      const end_ms = this.#notBefore_ms + (state.challenge?.timeout_ms ?? 0);
      try {
        while (!signal.aborted) {
          this.#view.remaining(end_ms - performance.now());
          await delay(200, signal);
        }
      } finally {
        this.#prompter = null;
        this.#view.steps(null);
        this.#view.remaining(null);
      }
    },

    uploading: async (state, signal) => {
      this.#submission ??= await this.#sign(state.challenge?.challenge_id ?? '');
      const answer = await submit(this.#submission, {
        received: (submission) => received(submission, signal),
        append: (submission, offset, chunk) => append(submission, offset, chunk, signal),
        decide: (submission) => decide(submission, signal),
        delay: (ms) => delay(ms, signal),
        online: () => online(signal),
        now: () => performance.now(),
        random: Math.random,
        progress: (progress) => this.#send({ type: 'PROGRESS', progress }),
        again: (code) => this.#send({ type: 'AGAIN', code }),
      });
      this.#send({ type: 'ANSWER', answer });
    },

    giving_up: async (state, signal) => {
      const answer = await giveUp(state.challenge?.challenge_id ?? '', state.code === 'prompt_missed' ? 'prompt_missed' : 'timeout', { signal });
      this.#send({ type: 'ANSWER', answer });
    },

    failed: async (_, signal) => {
      await delay(KEEP_OPEN_MS, signal);
      this.#camera.close();
    },
  };

  /** @param {AbortSignal} signal */
  async #startCamera(signal) {
    await this.#camera.start(signal);
    if (!signal.aborted) this.#send({ type: 'CAMERA_READY' });
  }

  /** @param {AbortSignal} signal */
  async #startEngine(signal) {
    if (this.#engine === null || this.#engineLoad === null) {
      this.#engine = new EngineClient((progress) => this.#send({ type: 'PROGRESS', progress }));
      this.#engineLoad = this.#engine.load(bestBuild(globalThis));
    }
    try {
      await this.#engineLoad;
    } catch (error) {
      this.#dropEngine();
      throw error;
    }
    if (!signal.aborted) this.#send({ type: 'ENGINE_READY' });
  }

  #look() {
    if (this.#looking !== null) return;
    this.#looking = new AbortController();
    this.#pace = new Pace(this.#state().session?.frame_interval_ms ?? 0);
    pumpFrames(this.#view.video, {
      pace: this.#pace,
      take: (frame) => this.#take(frame),
      silent: () => this.#send({ type: 'CAMERA_ENDED' }),
      failed: (error) => {
        this.#dropEngine();
        this.#send({ type: 'FAILED', code: asProblem(error, 'engine_failed').code });
      },
    }, this.#looking.signal);
  }

  /** @param {import('./frames.js').Frame} frame */
  async #take({ image, t_ms }) {
    const looking = this.#looking;
    if (this.#engine === null || t_ms < this.#notBefore_ms) return letGo(image);
    const { observation, spent_ms } = await this.#engine.push(image, t_ms);
    this.#pace.spent(spent_ms);
    if (looking?.signal.aborted) return;
    this.#reportRate();
    this.#observe(observation, t_ms);
  }

  /** @param {Observation} observation @param {number} t_ms */
  #observe(observation, t_ms) {
    const { name } = this.#state();
    if (name !== 'align' && name !== 'preparing' && name !== 'recording') return;
    const before = this.#hints.shown;
    // A cue and its end are shown at once, by the prompter.
    if (!isGesture(observation.prompt)) this.#hints = advance(this.#hints, wanted(observation, name), t_ms);
    if (this.#hints.shown !== before) this.#view.hint(this.#hints.shown);

    if (name === 'align') {
      this.#hold = hold(this.#hold, observation.gate === 'ok' && observation.settled, t_ms);
      this.#view.tone(this.#hold.since_ms === null ? 'seek' : 'good');
      this.#view.progress(this.#hold.share);
      if (this.#hold.share >= 1) this.#send({ type: 'ALIGNED' });
    }
    if (name === 'recording') {
      this.#view.tone(observation.gate === 'ok' ? 'blink' : 'seek');
      this.#view.progress(observation.progress);
      this.#prompter?.observe(observation);
      if (observation.phase === 'complete') {
        if (this.#prompter === null) this.#send({ type: 'COMPLETE' });
      } else if (observation.timed_out) {
        this.#send({ type: 'TIMED_OUT' });
      }
    }
  }

  /** @param {string} challengeId @param {AbortSignal} signal */
  #makePrompter(challengeId, signal) {
    if (this.#engine === null) throw new Problem('engine_failed');
    return new Prompter(challengeId, {
      engine: this.#engine,
      show: (prompt) => {
        this.#signals.give(prompt.ask);
        this.#view.steps(prompt);
        this.#showHint(`ask_${prompt.ask}`);
      },
      complete: () => this.#send({ type: 'COMPLETE' }),
      exhausted: () => this.#send({ type: 'EXHAUSTED' }),
      failed: ({ code, detail }) => this.#send({ type: 'FAILED', code, detail }),
    }, signal);
  }

  /** @param {string} code */
  #showHint(code) {
    this.#hints = showNow(code, performance.now());
    this.#view.hint(this.#hints.shown);
  }

  /** Tells the flow how many frames a second are analysed, once that has changed by a whole one. */
  #reportRate() {
    const { rate } = this.#pace;
    if (rate !== null && Math.abs(rate - (this.#state().rate ?? Infinity)) >= 1) this.#send({ type: 'RATE', rate: Math.round(rate) });
  }

  /** @param {string} challengeId @returns {Promise<Submission>} */
  async #sign(challengeId) {
    if (this.#engine === null || this.#key === null) throw new Problem('engine_failed');
    const transcript = new Blob([await compactJws(this.#key, await this.#engine.signingInput())]);
    const { open, closed, strip } = await this.#engine.captures();
    this.#key = null;
    const jpeg = (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => new Blob([bytes], { type: 'image/jpeg' });
    return { challenge_id: challengeId, transcript, open: jpeg(open), closed: jpeg(closed), strip: jpeg(strip), idempotency_key: crypto.randomUUID(), begun: false };
  }

  #stopLooking() {
    this.#looking?.abort();
    this.#looking = null;
    this.#notBefore_ms = -Infinity;
    this.#camera.look(false);
  }

  #dropEngine() {
    this.#engine?.close();
    this.#engine = null;
    this.#engineLoad = null;
  }
}
