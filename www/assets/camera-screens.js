// @ts-check
/** The camera page's screens: a flow state in, texts and buttons out. Makes no requests and waits for nothing. */

import { requireElement, setAttribute, setText } from './dom.js';
import { helpsElsewhere, offerElsewhere } from './elsewhere.js';
import { embedding } from './embedded.js';
import { SCREENS, attemptsLeft, isCancellable, isSlow } from './flow.js';
import { plural, sizeText, text } from './language.js';
import { problemMessage, reasonMessage, recipe as recipeFor } from './messages.js';
import { showScreen } from './screens.js';
import { savedClientToken } from './session-storage.js';

/** @typedef {import('./flow.js').FlowState} FlowState */
/** @typedef {import('./flow.js').StateName} StateName */
/** @typedef {import('./types.js').Progress} Progress */

/** Problems that another camera may not have: the page offers those it knows. */
const OTHER_CAMERA = new Set(['camera_busy', 'camera_failed', 'camera_no_picture', 'camera_overconstrained',
  'camera_ended']);

/**
 * Makes the page show `state`.
 * @param {HTMLElement} main @param {FlowState} state @param {FlowState | null} before
 * @param {{retry: () => void, alert: (text: string) => void}} to
 */
export function render(main, state, before, { retry, alert }) {
  RENDER[state.name]?.(state, retry);
  requireElement('#leave', HTMLElement).hidden = !isCancellable(state);
  if (before?.name === state.name) return;
  const screen = SCREENS[state.name];
  if (before === null || SCREENS[before.name] !== screen || screen === 'loading') {
    showScreen(main, screen === 'align' || screen === 'recording' ? 'capture' : screen, screen, {
      focus: before !== null,
    });
  }
  if (state.name === 'error') {
    const [title, problem] = ['#problem-title', '#problem'].map((id) => requireElement(id, HTMLElement).textContent);
    alert(`${title}. ${problem}`);
  }
}

/** @type {Partial<Record<StateName, (state: FlowState, retry: () => void) => void>>} */
const RENDER = {
  boot: () => {
    setText(requireElement('#loading-title', HTMLElement), text('loading.title'));
    requireElement('#readiness', HTMLElement).hidden = true;
    requireElement('#boot-bar', HTMLElement).hidden = false;
    note('#loading-note', null, '');
  },
  priming: (state) => {
    const email = state.session?.email_masked ?? '';
    setText(
      requireElement('#priming-for', HTMLElement),
      text('priming.for', { email, attempts: plural('priming.attempts', attemptsLeft(state)) }),
    );
    setText(
      requireElement('#priming-lead', HTMLElement),
      text(state.session?.policy === 'natural' ? 'priming.lead.natural' : 'priming.lead'),
    );
    requireElement('#tones-choice', HTMLElement).hidden = state.session?.tones !== true;
    requireElement('#no-turn-choice', HTMLElement).hidden = state.session?.no_turn !== true;
    requireElement('#hand-over', HTMLElement).hidden = state.session?.handed_over === true;
    const unheard = state.code === 'tone_unheard';
    note('#note', state.code, unheard ? 'priming.tone_unheard' : 'priming.cancelled');
    if (unheard) requireElement('#tones', HTMLInputElement).checked = false;
  },
  starting: (state) => {
    setText(requireElement('#loading-title', HTMLElement), text('starting.title'));
    requireElement('#boot-bar', HTMLElement).hidden = true;
    requireElement('#readiness', HTMLElement).hidden = false;
    requireElement('#camera-row', HTMLElement).toggleAttribute('data-ready', state.camera);
    requireElement('#engine-row', HTMLElement).toggleAttribute('data-ready', state.engine);
    setText(
      requireElement('#camera-state', HTMLElement),
      text(state.camera ? 'starting.camera.ready' : 'starting.camera.waiting'),
    );
    setText(requireElement('#engine-state', HTMLElement), engineText(state));
    bar(requireElement('#engine-bar', HTMLElement), state.engine ? { loaded: 1, total: 1 } : state.progress);
    note('#loading-note', state.code, 'starting.camera.unanswered');
  },
  align: (state) => capture(state, 'align.title'),
  preparing: (state) => capture(state, 'align.title'),
  recording: (state) =>
    capture(state, state.challenge?.policy === 'natural' ? 'recording.title' : 'recording.prompted.title'),
  uploading: (state) => {
    setText(requireElement('#uploading-title', HTMLElement), text('uploading.title'));
    setText(requireElement('#upload-state', HTMLElement), uploadText(state));
    setAttribute(requireElement('#upload-state', HTMLElement), 'data-code', state.code);
    const { progress } = state;
    // A full bar means that the server is checking, which has no measurable progress.
    bar(
      requireElement('#upload-bar', HTMLElement),
      progress !== null && progress.total !== null && progress.loaded < progress.total ? progress : null,
    );
  },
  giving_up: () => {
    setText(requireElement('#uploading-title', HTMLElement), text('giving_up.title'));
    setText(requireElement('#upload-state', HTMLElement), '');
    bar(requireElement('#upload-bar', HTMLElement), null);
  },
  verified: (state) =>
    setText(
      requireElement('#verified-lead', HTMLElement),
      text('verified.lead', { email: state.session?.email_masked ?? '' }),
    ),
  failed: (state, retry) => {
    const message = reasonMessage(state.code, state.detail);
    const left = attemptsLeft(state);
    setAttribute(requireElement('#reason', HTMLElement), 'data-code', state.code);
    setText(requireElement('#reason-title', HTMLElement), message.title);
    setText(requireElement('#reason-text', HTMLElement), message.text);
    const minutes = waitMinutes(state);
    const exhausted = state.code === 'attempts_exhausted' ? '' : text('failed.exhausted');
    const none = minutes > 0 ? plural('failed.wait', minutes) : exhausted;
    setText(requireElement('#failed-attempts', HTMLElement), left > 0 ? plural('failed.attempts', left) : none);
    // While the mailbox must wait, a new link helps no more than this one.
    const action = minutes > 0 ? [] : [wayBack()];
    requireElement('#failed-actions', HTMLElement).replaceChildren(
      ...(left > 0 ? [retryButton(text('failed.retry'), retry)] : action),
    );
  },
  error: (state, retry) => {
    const code = state.code ?? 'unexpected';
    const message = problemMessage(code, state.detail);
    setText(requireElement('#problem-title', HTMLElement), message.title);
    const minutes = waitMinutes(state);
    setText(
      requireElement('#problem', HTMLElement),
      code === 'cooling_down' ? `${message.text} ${plural('cooling_down.wait', minutes)}` : message.text,
    );
    setAttribute(requireElement('#problem', HTMLElement), 'data-code', code);
    // The next try would only be refused again.
    if (code === 'turn_required') requireElement('#no-turn', HTMLInputElement).checked = false;
    const recipe = requireElement('#recipe', HTMLElement);
    const advice = recipeFor(code, navigator);
    recipe.hidden = advice === null;
    setText(recipe, advice ?? '');
    // A phone that took the check over has no link of its own: the first screen has.
    const isHere = state.session?.handed_over !== true;
    offerElsewhere(isHere ? code : null);
    // Without a session there is nothing to hand over.
    const isOffered = isHere && helpsElsewhere(code) && code !== 'cookies_blocked';
    requireElement('#hand-over-instead', HTMLElement).hidden = !isOffered;
    requireElement('#other-camera', HTMLElement).hidden = !OTHER_CAMERA.has(code);
    requireElement('#error-actions', HTMLElement).replaceChildren(...recoveryActions(state, retry));
  },
  paused: (state, retry) => {
    const code = state.code ?? 'paused_hidden';
    setText(requireElement('#paused-title', HTMLElement), text(`paused.${code}.title`));
    setText(requireElement('#paused-text', HTMLElement), text(`paused.${code}.text`));
    setAttribute(requireElement('#paused-text', HTMLElement), 'data-code', code);
    requireElement('#paused-camera', HTMLElement).hidden = !OTHER_CAMERA.has(code);
    requireElement('#paused-actions', HTMLElement).replaceChildren(retryButton(text('paused.continue'), retry));
  },
};

/** How long the mailbox must wait before its next attempt, in minutes. @param {FlowState} state */
function waitMinutes(state) {
  return Math.ceil((state.session?.cool_down_s ?? 0) / 60);
}

/** @param {FlowState} state @param {string} title */
function capture(state, title) {
  setText(requireElement('#capture-title', HTMLElement), text(title));
  setText(requireElement('#capture-note', HTMLElement), isSlow(state) ? text('capture.slow') : text('capture.privacy'));
}

/** @param {FlowState} state */
function engineText({ engine, progress }) {
  if (engine) return text('starting.engine.ready');
  if (progress === null) return '';
  if (progress.total === null) return text('starting.engine.loading_unknown', { loaded: sizeText(progress.loaded) });
  if (progress.loaded >= progress.total) return text('starting.engine.preparing');
  return text('starting.engine.loading', { loaded: sizeText(progress.loaded), total: sizeText(progress.total) });
}

/** @param {FlowState} state */
function uploadText({ code, progress }) {
  if (code !== null) return text(`uploading.again.${code}`);
  if (progress === null || progress.total === null) return text('uploading.preparing');
  if (progress.loaded >= progress.total) return text('uploading.checking');
  return text('uploading.sending', { loaded: sizeText(progress.loaded), total: sizeText(progress.total) });
}

/** @param {FlowState} state @param {() => void} retry @returns {HTMLElement[]} */
function recoveryActions({ recovery }, retry) {
  switch (recovery) {
    case null: return [];
    case 'register': return [wayBack()];
    case 'reload': return [reloadButton()];
    case 'elsewhere': return [reloadButton(), quiet(wayBack())];
    default: return [retryButton(text('action.retry'), retry)];
  }
}

function reloadButton() {
  return retryButton(text('action.reload'), () => embedding.reload());
}

/** To where the check is opened again: the page that a site sends people to, or the one that mails links. */
function wayBack() {
  const isOfSite = embedding.isEmbedded || savedClientToken() !== null;
  return isOfSite ? link('/c', text('action.check')) : link('/', text('action.register'));
}

/** Makes a button the less prominent one. @param {HTMLElement} element */
function quiet(element) {
  element.dataset['kind'] = 'quiet';
  return element;
}

/** @param {string} label @param {() => void} work */
function retryButton(label, work) {
  const button = document.createElement('button');
  Object.assign(button, { id: 'retry', type: 'button', className: 'button', textContent: label });
  button.addEventListener('click', work);
  return button;
}

/** @param {string} href @param {string} label */
function link(href, label) {
  return Object.assign(document.createElement('a'), { href, className: 'button', textContent: label });
}

/** @param {string} selector @param {string | null} code @param {string} key */
function note(selector, code, key) {
  const element = requireElement(selector, HTMLElement);
  element.hidden = code === null;
  setAttribute(element, 'data-code', code);
  setText(element, code === null ? '' : text(key));
}

/**
 * @param {HTMLElement} element
 * @param {Progress | null} progress null or without a total: the bar moves but shows no share
 */
function bar(element, progress) {
  const share =
    progress !== null && progress.total !== null && progress.total > 0 ? progress.loaded / progress.total : null;
  element.toggleAttribute('data-moving', share === null);
  requireElement('span', HTMLElement, element).style.inlineSize = share === null ? '' : `${Math.round(share * 100)}%`;
}
