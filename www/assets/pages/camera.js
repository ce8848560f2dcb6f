// @ts-check
/** Entry of /camera: connects the flow, its effects and its screens. */

import { offerAlternative } from '../alternative.js';
import { paced } from '../announce.js';
import { CameraEffects } from '../camera-effects.js';
import { render } from '../camera-screens.js';
import { CaptureView } from '../capture-view.js';
import { requireElement, setText } from '../dom.js';
import { prepareElsewhere } from '../elsewhere.js';
import { embedding, fitIntoFrame } from '../embedded.js';
import { engineFiles } from '../engine-files.js';
import { endElsewhere, mayGoOnElsewhere } from '../follower.js';
import { INITIAL, RECORDING_GRACE_MS, TIMEOUTS_MS, droppedChallenge, next } from '../flow.js';
import { isCached, registerServiceWorker } from '../sw-client.js';
import { sizeText, speak, text } from '../language.js';
import { reasonMessage } from '../messages.js';
import { drawPair } from '../pair.js';
import { asProblem, isAbort } from '../problem.js';
import { SessionClock } from '../session-clock.js';
import { forgetLink, savedClientToken } from '../session-storage.js';
import { bestBuild } from '../support.js';

/** @typedef {import('../flow.js').FlowState} FlowState */
/** @typedef {import('../flow.js').FlowEvent} FlowEvent */

/** States in which nobody is disturbed. @type {ReadonlySet<import('../flow.js').StateName>} */
const BUSY = new Set(['align', 'preparing', 'recording', 'uploading', 'giving_up']);

/** How long the good news is shown before the result page opens. */
const TO_RESULT_MS = 1_200;

await speak(document);
fitIntoFrame(document);
prepareElsewhere();
registerServiceWorker();
run(requireElement('#main', HTMLElement));

/** @param {HTMLElement} main */
function run(main) {
  const announce = paced((words) => setText(requireElement('#status', HTMLElement), words));
  const alert = (/** @type {string} */ words) => setText(requireElement('#alert', HTMLElement), words);
  const view = new CaptureView(announce);
  /** @type {FlowState} */
  let state = INITIAL;
  let stateAbort = new AbortController();
  const effects = new CameraEffects(view, send, () => state);
  const clock = new SessionClock(() => BUSY.has(state.name));

  /** @param {FlowEvent} event */
  function send(event) {
    const before = state;
    state = next(before, event);
    if (state === before) return;
    const dropped = droppedChallenge(before, state);
    if (dropped !== null) effects.drop(dropped);
    render(main, state, before, { retry, alert });
    if (state.name !== before.name) entered(state, before.name);
  }

  const retry = () => send({ type: 'RETRY' });

  /** @param {FlowState} state @param {import('../flow.js').StateName | null} before */
  function entered(state, before) {
    stateAbort.abort();
    stateAbort = new AbortController();
    const { signal } = stateAbort;
    const limit =
      state.name === 'recording' ? (state.challenge?.timeout_ms ?? 0) + RECORDING_GRACE_MS : TIMEOUTS_MS[state.name];
    if (limit !== undefined) {
      const timer = setTimeout(() => send({ type: 'TIMEOUT' }), limit);
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
    effects.enter(state, signal);
    tellAbout(state);
    if (state.name === 'priming' && before === 'boot') clock.set((state.session?.session_expires_in_s ?? 0) * 1000);
    if (state.name === 'verified' || state.name === 'following') clock.set(0);
    if (state.session?.check) offerAlternative(state.session.check.alternative_url, state.session.check.site);
    if (state.name === 'failed') drawPair(effects.pictures);
    if (state.name === 'priming') showDownloadSize();
    if (state.name === 'hearing') requireElement('#speak-choice', HTMLElement).hidden = !effects.speaks;
    if (state.name === 'verified') {
      forgetLink();
      // Whose session went on elsewhere sees no result here, unless a site waits for them.
      const isElsewhere = state.code === 'elsewhere';
      const next = isElsewhere && isOfSite() ? '/c' : '/result';
      if (!isElsewhere || next === '/c') setTimeout(() => embedding.go(next), TO_RESULT_MS);
      requireElement('#to-result', HTMLElement).hidden = isElsewhere;
    }
    if (state.name === 'handoff') handOver(signal);
    // Whoever looks at their phone has the focus there.
    if (state.name === 'following') announce(text('handoff.following.title'));
    if (state.code === 'elsewhere') announce(text('verified.title'));
    if (mayGoOnElsewhere(state)) endElsewhere(signal).then(endedElsewhere, () => undefined);
  }

  /** Offers the check to a phone. @param {AbortSignal} signal */
  async function handOver(signal) {
    try {
      // Few need it.
      const { offerToPhone } = await import('../handoff.js');
      await offerToPhone(signal, announce);
      send({ type: 'HANDED_OVER' });
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) failed(error);
    }
  }

  async function takeBack() {
    try {
      const { takeBack: ask } = await import('../handoff-api.js');
      const { session } = await ask(false);
      if (session) embedding.go('/camera', session);
      else send({ type: 'TAKEN_BACK' });
    } catch (error) {
      failed(error);
    }
  }

  /** @param {unknown} error */
  function failed(error) {
    const { code, detail } = asProblem(error);
    send({ type: 'FAILED', code, detail });
  }

  /** @param {import('../follower.js').Outcome} outcome */
  function endedElsewhere({ status }) {
    if (status === 'VERIFIED') send({ type: 'VERIFIED_ELSEWHERE' });
    // The page of a site's check says how it ended.
    else if (state.name === 'following' && isOfSite()) embedding.go('/c');
    else send({ type: 'FAILED', code: status === 'FAILED' ? 'attempts_exhausted' : 'session_expired' });
  }

  onClick('#start', () => {
    const tones = requireElement('#tones', HTMLInputElement).checked;
    const noTurn = requireElement('#no-turn', HTMLInputElement).checked;
    effects.tapped({ toneGuided: tones, noTurn, moreTime: moreTime() });
    send({ type: 'START', tones });
  });
  onClick('#heard', () => {
    effects.heard(requireElement('#speak', HTMLInputElement).checked);
    send({ type: 'HEARD' });
  });
  onClick('#tone-again', () => effects.sound());
  onClick('#unheard', () => send({ type: 'UNHEARD' }));
  onClick('#hand-over', () => send({ type: 'HAND_OVER' }));
  onClick('#hand-over-instead', () => send({ type: 'HAND_OVER' }));
  onClick('#take-back', takeBack);
  onClick('#cancel', () => send({ type: 'CANCEL' }));
  view.onCamera((deviceId) => {
    effects.chooseCamera(deviceId);
    send({ type: 'SWITCH_CAMERA' });
  });
  document.addEventListener('visibilitychange', () => { if (document.hidden) send({ type: 'HIDDEN' }); });
  addEventListener('pagehide', () => {
    stateAbort.abort();
    if (state.name === 'recording' && state.challenge !== null) effects.drop(state.challenge.challenge_id);
    effects.close();
  });
  // A page restored from the back/forward cache has lost its camera and its engine.
  addEventListener('pageshow', ({ persisted }) => { if (persisted) embedding.reload(); });

  render(main, state, null, { retry, alert });
  entered(state, null);
}

/** Tells the page around this one, if this is in a frame. @param {FlowState} state */
function tellAbout({ name, code, detail, session, recovery }) {
  if (name === 'align') embedding.tell('permission', { state: 'granted' });
  else if (name === 'uploading') embedding.tell('state', { check: session?.check?.id, status: 'checking' });
  else if (name === 'priming') embedding.tell('state', { check: session?.check?.id, status: 'open' });
  else if (name === 'failed') {
    const { text: sentence } = reasonMessage(code, detail);
    embedding.tell('failure', { code, sentence, attemptsLeft: session?.attempts_left ?? 0 });
  } else if (name === 'error') {
    if (code === 'camera_denied' || code === 'camera_policy') embedding.tell('permission', { state: 'denied' });
    embedding.tell('error', { code, recoverable: recovery !== null });
  }
}

/** How many times the usual time the person wants. */
function moreTime() {
  const { value } = requireElement('#more-time-choice', HTMLSelectElement);
  return value === '2' ? 2 : value === '10' ? 10 : 1;
}

/** Whether a site waits for how the check ends. */
function isOfSite() {
  return embedding.isEmbedded || savedClientToken() !== null;
}

/** @param {string} selector of a button @param {() => void} work */
function onClick(selector, work) {
  requireElement(selector, HTMLButtonElement).addEventListener('click', work);
}

/** Says how much will be downloaded, unless it is cached. */
async function showDownloadSize() {
  const files = engineFiles(bestBuild(globalThis));
  if (files === null) return;
  const all = [files.wasm, ...files.models];
  const cached = await Promise.all(all.map(({ url }) => isCached(url)));
  const size = all.reduce((sum, { sent }, index) => (cached[index] ? sum : sum + sent), 0);
  setText(requireElement('#size', HTMLElement), text('priming.size', { size: sizeText(size) }));
  requireElement('#size-fact', HTMLElement).hidden = size === 0;
}
