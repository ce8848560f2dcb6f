// @ts-check
/** The way out of a browser in which the check cannot run: its link to copy, and as a code that phones read. */

import { requireElement, setText } from './dom.js';
import { text } from './language.js';
import { embedding } from './embedded.js';
import { savedClientToken, savedLink } from './session-storage.js';

/** Problems that another browser or device may not have. @type {ReadonlySet<string>} */
const ELSEWHERE = new Set([
  'camera_insecure', 'camera_unsupported', 'camera_missing', 'camera_denied', 'camera_unanswered', 'camera_failed',
  'camera_no_picture', 'camera_overconstrained', 'camera_policy', 'in_app_browser', 'cookies_blocked',
  'wasm_disabled', 'wasm_unsupported', 'worker_unsupported', 'pixels_falsified', 'engine_failed',
]);

/** Whether another browser or device may help against this problem. @param {string} code */
export function helpsElsewhere(code) {
  return ELSEWHERE.has(code);
}

/**
 * Shows the link if it helps against the problem, and hides it otherwise.
 * @param {string | null} code @param {string | null} [token] where it is known without storage, which may be blocked
 */
export function offerElsewhere(code, token = savedLink()) {
  const isOffered = code !== null && helpsElsewhere(code);
  requireElement('#elsewhere', HTMLElement).hidden = !isOffered;
  if (!isOffered) return;
  const clientToken = embedding.knownToken ?? savedClientToken();
  const link = linkElsewhere({ token, clientToken }, location, isSecureContext);
  requireElement('#link', HTMLInputElement).value = link;
  setText(requireElement('#copy', HTMLButtonElement), text('elsewhere.copy'));
  requireElement('#code-box', HTMLDetailsElement).open = false;
}

/** Makes the buttons work. */
export function prepareElsewhere() {
  const field = requireElement('#link', HTMLInputElement);
  const button = requireElement('#copy', HTMLButtonElement);
  button.addEventListener('click', async () => {
    field.select();
    const copied = await copy(field.value);
    // Otherwise it is selected, so that people can copy it themselves.
    setText(button, text(copied ? 'elsewhere.copied' : 'elsewhere.copy_failed'));
  });
  const box = requireElement('#code-box', HTMLDetailsElement);
  box.addEventListener('toggle', () => { if (box.open) drawCode(field.value); });
}

/**
 * The link that leads to the check in another browser: the one from the mail, the one that a site sent the person to,
 * or else the page that mails another.
 * @param {{token: string | null, clientToken: string | null}} of @param {{origin: string}} page
 * @param {boolean} isSecure whether pages may use cameras
 */
export function linkElsewhere({ token, clientToken }, { origin }, isSecure) {
  const base = isSecure ? origin : origin.replace(/^http:/, 'https:');
  if (token !== null) return `${base}/verify?token=${token}`;
  return clientToken === null ? `${base}/` : `${base}/c#${clientToken}`;
}

/** Copies what the field, which is selected by then, contains.
 * @param {string} words @returns {Promise<boolean>} whether they were copied */
export async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    // Older browsers copy what is selected.
    return document.execCommand?.('copy') === true;
  }
}

/** @param {string} link */
async function drawCode(link) {
  // Few need it.
  const { generate } = /** @type {any} */ (await import('./vendor/lean-qr.js'));
  generate(link).toCanvas(requireElement('#code', HTMLCanvasElement), { on: [0, 0, 0], off: [255, 255, 255] });
}
