// @ts-check
/** Entry of /camera: joins the flow, its effects and its screens. */

import { paced } from '../announce.js';
import { CameraEffects } from '../camera-effects.js';
import { render } from '../camera-screens.js';
import { CaptureView } from '../capture-view.js';
import { setText, the } from '../dom.js';
import { engineFiles } from '../engine-files.js';
import { INITIAL, RECORDING_GRACE_MS, TIMEOUTS_MS, droppedChallenge, next } from '../flow.js';
import { isKept, startKeeper } from '../keeper.js';
import { localize, sizeText, text } from '../language.js';
import { drawPair } from '../pair.js';
import { bestBuild } from '../support.js';

/** @typedef {import('../flow.js').FlowState} FlowState */
/** @typedef {import('../flow.js').FlowEvent} FlowEvent */

/** How long the good news stands before the result page takes over. */
const TO_RESULT_MS = 1_200;

localize(document);
startKeeper();
run(the('#main', HTMLElement));

/** @param {HTMLElement} main */
function run(main) {
  const announce = paced((words) => setText(the('#status', HTMLElement), words));
  const alert = (/** @type {string} */ words) => setText(the('#alert', HTMLElement), words);
  const view = new CaptureView(announce);
  /** @type {FlowState} */
  let state = INITIAL;
  let stay = new AbortController();
  const effects = new CameraEffects(view, send, () => state);

  /** @param {FlowEvent} event */
  function send(event) {
    const before = state;
    state = next(before, event);
    if (state === before) return;
    const dropped = droppedChallenge(before, state);
    if (dropped !== null) effects.drop(dropped);
    render(main, state, before, { retry, alert });
    if (state.name !== before.name) entered(state);
  }

  const retry = () => send({ type: 'RETRY' });

  /** @param {FlowState} state */
  function entered(state) {
    stay.abort();
    stay = new AbortController();
    const { signal } = stay;
    const limit = state.name === 'recording' ? (state.challenge?.timeout_ms ?? 0) + RECORDING_GRACE_MS : TIMEOUTS_MS[state.name];
    if (limit !== undefined) {
      const timer = setTimeout(() => send({ type: 'TIMEOUT' }), limit);
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
    effects.enter(state, signal);
    if (state.name === 'failed') drawPair(effects.pictures);
    if (state.name === 'priming') showDownloadSize();
    if (state.name === 'verified') setTimeout(() => location.replace('/result'), TO_RESULT_MS);
  }

  the('#start', HTMLButtonElement).addEventListener('click', () => {
    effects.tapped(the('#tones', HTMLInputElement).checked);
    send({ type: 'START' });
  });
  the('#cancel', HTMLButtonElement).addEventListener('click', () => send({ type: 'CANCEL' }));
  view.onCamera((deviceId) => {
    effects.chooseCamera(deviceId);
    send({ type: 'SWITCH_CAMERA' });
  });
  document.addEventListener('visibilitychange', () => { if (document.hidden) send({ type: 'HIDDEN' }); });
  addEventListener('pagehide', () => {
    if (state.name === 'recording' && state.challenge !== null) effects.drop(state.challenge.challenge_id);
    effects.close();
  });
  // A page that comes back from the browser's cache has lost its camera and its engine.
  addEventListener('pageshow', ({ persisted }) => { if (persisted) location.reload(); });

  render(main, state, null, { retry, alert });
  entered(state);
}

/** Says how much will be loaded, unless it is there already. */
async function showDownloadSize() {
  const files = engineFiles(bestBuild(globalThis));
  if (files === null) return;
  const all = [files.wasm, ...files.models];
  const kept = await Promise.all(all.map(({ url }) => isKept(url)));
  const size = all.reduce((sum, { sent }, index) => (kept[index] ? sum : sum + sent), 0);
  setText(the('#size', HTMLElement), text('priming.size', { size: sizeText(size) }));
  the('#size-fact', HTMLElement).hidden = size === 0;
}
