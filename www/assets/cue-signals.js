// @ts-check
/** Cues as sound, vibration and speech, since closed eyes cannot read. Silent if the browser allows none of them. */

import { CueVoice } from './cue-voice.js';

/** @typedef {import('./types.js').Prompt['ask']} Ask */

/**
 * A beep: start and length in milliseconds, pitch in Hz; with a second pitch it glides there.
 * @typedef {[start_ms: number, length_ms: number, pitch: number, to?: number]} Beep
 */

/**
 * Low pitches ask for a gesture, high ones mean "open your eyes". Only a turn glides: down to the left and up to the
 * right, like the keys of a piano, so that one ear can tell the sides, too. For the way back two tones meet halfway.
 * @type {Partial<Record<Ask, Beep[]>>}
 */
const BEEPS = {
  once: [[0, 140, 523]],
  twice: [[0, 110, 523], [190, 110, 523]],
  hold: [[0, 420, 392]],
  tone: [[0, 160, 880], [180, 260, 1175]],
  turn_left: [[0, 420, 587, 294]],
  turn_right: [[0, 420, 294, 587]],
  turn_back: [[0, 320, 294, 440], [0, 320, 659, 440], [340, 160, 440]],
};

/**
 * Where a cue sounds from, -1 (left) to 1 (right). Not entirely from one side: the other ear alone must hear it, too.
 * @type {Partial<Record<Ask, number>>}
 */
const PANS = { turn_left: -0.6, turn_right: 0.6 };

/** Vibration, pause, vibration …, ms. @type {Partial<Record<Ask, number[]>>} */
const VIBRATIONS = {
  once: [60], twice: [60, 90, 60], hold: [300], tone: [80, 60, 200],
  turn_left: [180, 60, 40, 60, 40], turn_right: [40, 60, 40, 60, 180], turn_back: [40, 50, 40, 50, 40, 50, 40],
};

/** Audible next to a voice, but not startling. */
const VOLUME = 0.25;

/** How long a beep fades in and out: an abrupt edge clicks. */
const FADE_S = 0.015;

/** A cue that could not sound at once may sound this much later: then it would mislead. Chosen by us. */
const MAX_LATE_MS = 250;

export class CueSignals {
  /** @type {AudioContext | null} */
  #audio = null;
  #voice;

  /** @param {CueVoice} [voice] */
  constructor(voice = new CueVoice()) {
    this.#voice = voice;
  }

  /** Whether cues can be spoken. */
  get speaks() {
    return this.#voice.isThere;
  }

  /**
   * Prepares the sound. Must be called directly from a tap: otherwise browsers stay silent.
   * @param {{aloud?: boolean}} [wishes] `aloud`: whether to speak the cues, too
   */
  prepare({ aloud = false } = {}) {
    this.#voice.prepare(aloud);
    try {
      throughSilentSwitch();
      this.#audio ??= new AudioContext();
      this.#audio.resume().catch(() => undefined);
    } catch {
      this.#audio = null;
    }
  }

  /** @param {Ask} ask */
  give(ask) {
    this.#sound(BEEPS[ask] ?? [], PANS[ask] ?? 0);
    this.#voice.say(ask);
    const vibration = VIBRATIONS[ask];
    // Not every browser has this, and in some it does nothing.
    if (vibration) globalThis.navigator?.vibrate?.(vibration);
  }

  /** Turns the sound off for good. */
  close() {
    this.#voice.prepare(false);
    this.#audio?.close().catch(() => undefined);
    this.#audio = null;
  }

  /**
   * Plays the beeps, on iPhones even after a call or another program has interrupted the sound.
   * @param {Beep[]} beeps @param {number} pan
   */
  #sound(beeps, pan) {
    const audio = this.#audio;
    if (audio === null || audio.state === 'closed' || beeps.length === 0) return;
    const play = () => { for (const beep of beeps) playBeep(audio, beep, pan); };
    if (audio.state === 'running') return play();
    const asked_ms = performance.now();
    const inTime = () => performance.now() - asked_ms <= MAX_LATE_MS;
    audio.resume().then(() => { if (inTime()) play(); }, () => undefined);
  }
}

/** An iPhone's silent switch mutes what it takes for background sound, but not playback. Only WebKit has this. */
function throughSilentSwitch() {
  const { audioSession } = /** @type {{audioSession?: {type: string}}} */ (/** @type {unknown} */ (navigator));
  if (audioSession !== undefined) audioSession.type = 'playback';
}

/** @param {AudioContext} audio @param {Beep} beep @param {number} pan */
function playBeep(audio, [start_ms, length_ms, pitch, end_pitch = pitch], pan) {
  const from = audio.currentTime + start_ms / 1000;
  const to = from + length_ms / 1000;
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setTargetAtTime(VOLUME, from, FADE_S);
  volume.gain.setTargetAtTime(0, to - FADE_S, FADE_S);
  const tone = new OscillatorNode(audio, { frequency: pitch });
  if (end_pitch !== pitch) {
    tone.frequency.setValueAtTime(pitch, from);
    tone.frequency.exponentialRampToValueAtTime(end_pitch, to);
  }
  // Browsers without a panner play it from the middle.
  const isPanned = pan !== 0 && typeof StereoPannerNode === 'function';
  const out = isPanned ? volume.connect(new StereoPannerNode(audio, { pan })) : volume;
  tone.connect(volume);
  out.connect(audio.destination);
  tone.start(from);
  tone.stop(to + 10 * FADE_S);
}
