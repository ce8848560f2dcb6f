// @ts-check
/**
 * What the camera page does on entering each state of `flow.js`. Each effect ends with its state: its signal is aborted
 * when the flow moves on. Every failure becomes a `FAILED` event; no error goes uncaught.
 */

import { challenge as askChallenge, giveUp, session as askSession } from './api.js';
import { base64url } from './base64url.js';
import { consentHash } from './consent.js';
import { behind } from './cookies.js';
import { CueSignals } from './cue-signals.js';
import { EngineClient } from './engine-client.js';
import { FrameWatch } from './frame-watch.js';
import { pageReadsTruly, workersDraw } from './frames.js';
import { makeKey } from './keys.js';
import { LiveCamera } from './live-camera.js';
import { spaced_ms } from './pace.js';
import { Prompter } from './prompter.js';
import { Problem, asProblem, isAbort } from './problem.js';
import { signedSubmission } from './submission.js';
import { submit } from './submit.js';
import { bestBuild, isInApp, missing } from './support.js';
import { append, decide, received } from './upload.js';
import { delay, online } from './wait.js';

/** @typedef {import('./flow.js').FlowState} FlowState */
/** @typedef {import('./flow.js').FlowEvent} FlowEvent */
/** @typedef {import('./flow.js').StateName} StateName */
/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./capture-view.js').CaptureView} CaptureView */

/** How long the camera stays open after a failed attempt, so that a retry needs no new permission. */
const KEEP_OPEN_MS = 60_000;

/** States in which frames are analysed. @type {ReadonlySet<StateName>} */
const WATCHING = new Set(['align', 'preparing', 'recording']);

/** States that keep the camera open. @type {ReadonlySet<StateName>} */
const OPEN = new Set(['starting', 'align', 'preparing', 'recording', 'uploading', 'giving_up', 'failed']);

export class CameraEffects {
  /** @type {EngineClient | null} */
  #engine = null;
  /** @type {Promise<unknown> | null} */
  #engineLoad = null;
  /** Whether this page reads the pixels, because the engine's worker cannot. */
  #readsHere = false;
  /** @type {import('./keys.js').SigningKey | null} */
  #key = null;
  /** @type {Submission | null} */
  #submission = null;
  /** @type {import('./api.js').Wishes} */
  #wishes = { toneGuided: false, noTurn: false, moreTime: 1 };
  #signals = new CueSignals();

  #camera;
  #watch;
  #view;
  #send;
  #state;

  /**
   * @param {CaptureView} view
   * @param {(event: FlowEvent) => void} send
   * @param {() => FlowState} state the flow's current state
   */
  constructor(view, send, state) {
    this.#view = view;
    this.#send = send;
    this.#state = state;
    this.#camera = new LiveCamera(view, {
      asking: () => send(isInApp(navigator) ? { type: 'FAILED', code: 'in_app_browser' } : { type: 'ASKING' }),
      answered: () => send({ type: 'ANSWERED' }),
      ended: () => send({ type: 'CAMERA_ENDED' }),
    });
    this.#watch = new FrameWatch(view, send, state, () => this.#dropEngine());
  }

  /** The pictures of the last submission, or null. */
  get pictures() {
    return this.#submission;
  }

  /** @param {FlowState} state just entered @param {AbortSignal} signal ends with the state */
  enter(state, signal) {
    if (!OPEN.has(state.name)) this.#camera.close();
    if (!WATCHING.has(state.name)) this.#stopWatching();
    const effect = this.#effects[state.name];
    effect?.(state, signal).catch((error) => {
      if (!isAbort(error) && !signal.aborted) this.#fail(asProblem(error));
    });
  }

  /** Turns everything off: the page is being left. */
  close() {
    this.#stopWatching();
    this.#camera.close();
    this.#dropEngine();
    this.#signals.close();
  }

  /**
   * Tells the server that nobody will answer this challenge. Best effort: an unanswered challenge expires.
   * @param {string} challengeId
   */
  drop(challengeId) {
    giveUp(challengeId, 'cancelled', { keepalive: true }).then(
      (answer) => this.#send({ type: 'DROPPED', answer }),
      () => undefined,
    );
  }

  /** Unlocks sound, which only a tap may do. @param {import('./api.js').Wishes} wishes */
  tapped(wishes) {
    this.#wishes = wishes;
    this.#signals.prepare();
  }

  /** Whether the device has a voice for prompts. */
  get speaks() {
    return this.#signals.speaks;
  }

  /** The person hears the tone. @param {boolean} aloud whether they want the prompts to be spoken, too */
  heard(aloud) {
    this.#signals.prepare({ aloud });
  }

  /** Lets the person hear the tone. */
  sound() {
    this.#signals.give('tone');
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

    hearing: async () => this.sound(),

    starting: async (_, signal) => {
      this.#submission = null;
      // The camera first: browsers want the request within the tap.
      const camera = this.#startCamera(signal);
      const engine = this.#startEngine(signal);
      await Promise.all([camera, engine]);
    },

    align: async (_, signal) => {
      if (document.hidden) return this.#send({ type: 'HIDDEN' });
      await this.#engine?.reset();
      if (signal.aborted) return;
      this.#watch.releaseHold();
      this.#watch.showHint('starting');
      if (this.#engine !== null) this.#watch.start(this.#engine, this.#readsHere);
    },

    preparing: async (_, signal) => {
      if (this.#engine === null) throw new Problem('engine_failed');
      this.#key = await makeKey(this.#engine);
      const publicKey = base64url(this.#key.publicKey);
      const consent = await consentHash();
      const challenge = await askChallenge(publicKey, this.#state().rate, this.#wishes, consent, { signal });
      const now_ms = performance.now();
      this.#watch.ignoreBefore(now_ms);
      this.#watch.space(spaced_ms(challenge));
      await this.#engine.begin(challenge, this.#key.kind, now_ms, this.#key.publicKey);
      this.#send({ type: 'CHALLENGE', challenge });
    },

    recording: async (state, signal) => {
      const isNatural = state.challenge?.policy === 'natural';
      this.#watch.prompter = isNatural ? null : this.#makePrompter(state.challenge?.challenge_id ?? '', signal);
      this.#watch.showHint(isNatural ? 'blink' : 'ask_wait');
      this.#view.tone('blink');
      this.#view.progress(0);
      const end_ms = this.#watch.from_ms + (state.challenge?.timeout_ms ?? 0);
      try {
        while (!signal.aborted) {
          this.#view.remaining(end_ms - performance.now());
          await delay(200, signal);
        }
      } finally {
        this.#watch.prompter = null;
        this.#view.steps(null);
        this.#view.turn(null);
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
      const reason = state.code === 'prompt_missed' ? 'prompt_missed' : 'timeout';
      const answer = await giveUp(state.challenge?.challenge_id ?? '', reason, { signal });
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
      this.#engineLoad = this.#loadEngine(this.#engine);
    }
    try {
      await this.#engineLoad;
    } catch (error) {
      this.#dropEngine();
      throw error;
    }
    if (!signal.aborted) this.#send({ type: 'ENGINE_READY' });
  }

  /** @param {EngineClient} engine */
  async #loadEngine(engine) {
    // People may allow the page, but not its workers, to read pixels.
    this.#readsHere = !workersDraw() || !await engine.readsTruly();
    if (this.#readsHere && !pageReadsTruly()) throw new Problem('pixels_falsified');
    await engine.load(bestBuild(globalThis));
  }

  /** @param {string} challengeId @param {AbortSignal} signal */
  #makePrompter(challengeId, signal) {
    if (this.#engine === null) throw new Problem('engine_failed');
    return new Prompter(challengeId, {
      engine: this.#engine,
      show: (prompt) => {
        this.#signals.give(prompt.ask);
        this.#view.steps(prompt);
        this.#view.turn(prompt.ask);
        this.#watch.showHint(`ask_${prompt.ask}`);
      },
      complete: () => this.#send({ type: 'COMPLETE' }),
      exhausted: () => this.#send({ type: 'EXHAUSTED' }),
      failed: (problem) => this.#fail(problem),
    }, signal);
  }

  /** @param {string} challengeId @returns {Promise<Submission>} */
  async #sign(challengeId) {
    if (this.#engine === null || this.#key === null) throw new Problem('engine_failed');
    const submission = await signedSubmission(this.#engine, this.#key, challengeId);
    this.#key = null;
    return submission;
  }

  /** @param {Problem} problem */
  #fail({ code, detail }) {
    // An engine that failed once will fail again: the next try loads a new one.
    if (code === 'engine_failed') this.#dropEngine();
    this.#send({ type: 'FAILED', code: behind(code, document), detail });
  }

  #stopWatching() {
    this.#watch.stop();
    this.#camera.look(false);
  }

  #dropEngine() {
    this.#engine?.close();
    this.#engine = null;
    this.#engineLoad = null;
  }
}
