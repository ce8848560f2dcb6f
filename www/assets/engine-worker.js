// @ts-check
/**
 * The engine's thread: loads the engine and its models, then does one call after the other. Entry module of the worker;
 * `engine-client.js` is the other end. Requests are `{id, op, args}`, answers `{id, value}` or `{id, problem}`,
 * and `{loading: Progress}` in between.
 */

import { canCopyRgba } from './frame-copy.js';
import { downloadSize, fetchBytes, fetchCounted } from './download.js';
import { ENGINE_FILES, ENGINE_MODULE } from './engine-files.js';

/** What this page uses of the WASM package. @typedef {object} EngineApi
 * @property {(width: number, height: number) => number} frameAddress
 * @property {(t_ms: number) => string} push
 * @property {(bitmap: ImageBitmap, t_ms: number) => string} pushBitmap
 * @property {() => Uint8Array} softPublicKey
 * @property {(termsJson: string, keyKind: string, now_ms: number, publicKey: Uint8Array) => void} begin
 * @property {() => string} signingInput
 * @property {(signingInput: string) => Uint8Array} softSign
 * @property {() => Uint8Array} openCapture
 * @property {() => Uint8Array} closedCapture
 * @property {() => void} reset
 */

/** @type {EngineApi | null} */
let engine = null;
/** The engine's memory; it may move when it grows, so views of it are made anew each time. @type {WebAssembly.Memory | null} */
let memory = null;
let copiesRgba = false;

/** @returns {EngineApi} */
function ready() {
  if (engine === null) throw Object.assign(new Error('the engine is not loaded'), { code: 'engine_failed' });
  return engine;
}

/** @type {Record<string, (...args: any[]) => unknown>} */
const OPS = {
  load,
  push,
  reset: () => ready().reset(),
  softPublicKey: () => ready().softPublicKey(),
  /** @param {string} terms @param {string} kind @param {number} now_ms @param {Uint8Array} key */
  begin: (terms, kind, now_ms, key) => ready().begin(terms, kind, now_ms, key),
  signingInput: () => ready().signingInput(),
  /** @param {string} input */
  softSign: (input) => ready().softSign(input),
  captures: () => ({ open: ready().openCapture(), closed: ready().closedCapture() }),
};

async function load() {
  const counted = counter(downloadSize(Object.values(ENGINE_FILES)));
  const { wasm, detector, trunk, eyeRight, eyeLeft } = ENGINE_FILES;
  const [glue, code, ...models] = await Promise.all([
    importGlue(), fetchCounted(wasm, counted), fetchBytes(detector, counted), fetchBytes(trunk, counted), fetchBytes(eyeRight, counted), fetchBytes(eyeLeft, counted),
  ]);
  ({ memory } = await glue.default({ module_or_path: code }));
  engine = new glue.Engine(...models);
  copiesRgba = await canCopyRgba();
  return JSON.parse(glue.versions());
}

/** The glue is made by the build; a build without it is an engine that cannot start. */
function importGlue() {
  return import(ENGINE_MODULE).catch((cause) => { throw Object.assign(new Error('the engine module could not be loaded', { cause }), { code: 'engine_failed' }); });
}

/** Reports the sum of all downloads. @param {Promise<{counted: number | null}>} size @returns {(bytes: number) => void} */
function counter(size) {
  let loaded = 0;
  /** @type {number | null} */
  let total = null;
  size.then(({ counted }) => { total = counted; });
  return (bytes) => {
    loaded += bytes;
    self.postMessage({ loading: { loaded, total } });
  };
}

/** Analyses a frame and lets go of it. @param {VideoFrame | ImageBitmap} image @param {number} t_ms */
async function push(image, t_ms) {
  try {
    return JSON.parse(await observe(image, t_ms));
  } finally {
    image.close();
  }
}

/** @param {VideoFrame | ImageBitmap} image @param {number} t_ms @returns {Promise<string>} */
async function observe(image, t_ms) {
  if (image instanceof ImageBitmap) return ready().pushBitmap(image, t_ms);
  if (copiesRgba) {
    try {
      const { width, height } = /** @type {DOMRectReadOnly} */ (image.visibleRect);
      await image.copyTo(frameBuffer(width, height), { format: 'RGBA' });
    } catch {
      // Some cameras' frames cannot be converted; from here on take the other way.
      copiesRgba = false;
      return observe(image, t_ms);
    }
    return ready().push(t_ms);
  }
  const bitmap = await createImageBitmap(image);
  try {
    return ready().pushBitmap(bitmap, t_ms);
  } finally {
    bitmap.close();
  }
}

/** Room for a frame in the engine's memory, good until the engine is called again. @param {number} width @param {number} height */
function frameBuffer(width, height) {
  const address = ready().frameAddress(width, height);
  return new Uint8Array(/** @type {WebAssembly.Memory} */ (memory).buffer, address, width * height * 4);
}

/** @param {{id: number, op: string, args: unknown[]}} request */
async function answer({ id, op, args }) {
  try {
    self.postMessage({ id, value: await OPS[op]?.(...args) });
  } catch (error) {
    const { code = 'engine_failed', message = String(error) } = /** @type {{code?: string, message?: string}} */ (error);
    self.postMessage({ id, problem: { code, message } });
  }
}

/** Calls wait for each other: a frame lies in the engine's memory between copying and reading it. @type {Promise<void>} */
let queue = Promise.resolve();
self.addEventListener('message', ({ data }) => { queue = queue.then(() => answer(data)); });
