// @ts-check
/**
 * The engine's worker: loads the engine and its models, then runs one call after the other. Entry module of the worker;
 * `engine-client.js` is the other end. Requests are `{id, op, args}`, answers `{id, value}` or `{id, problem}`,
 * and `{loading: Progress}` in between.
 */

import { loadEngine } from './engine-load.js';
import { PixelReader, canCopyRgba } from './pixels.js';

/** @type {import('./engine-load.js').Loaded | null} */
let loaded = null;
const copies = canCopyRgba();
const pixels = copies.then((can) => new PixelReader(can));
/** Where the engine reads a frame. Recreated when the engine's memory moves. */
let frame = new Uint8Array();

/** @returns {import('./engine-load.js').Loaded} */
function ready() {
  if (loaded === null) throw Object.assign(new Error('the engine is not loaded'), { code: 'engine_failed' });
  return loaded;
}

const engine = () => ready().engine;

/** @type {Record<string, (...args: any[]) => unknown>} */
const OPS = {
  // Another reader, so that the one for frames learns nothing from a picture that is none.
  readsTruly: async () => new PixelReader(await copies).readsTruly(),
  load,
  push,
  reset: () => engine().reset(),
  softPublicKey: () => engine().softPublicKey(),
  /**
   * @param {import('./types.js').Challenge} terms @param {string} kind @param {number} now_ms @param {Uint8Array} key
   */
  begin: (terms, kind, now_ms, key) => engine().begin(terms, kind, now_ms, key),
  signingInput: () => engine().signingInput(),
  /** @param {string} input */
  softSign: (input) => engine().softSign(input),
  captures: () => ({ open: engine().openCapture(), closed: engine().closedCapture(), strip: engine().strip() }),
  commitment: () => JSON.parse(engine().commitment() ?? 'null'),
  /** @param {import('./types.js').Cue} cue @param {number} now_ms */
  reveal: (cue, now_ms) => engine().reveal(cue, now_ms),
};

/** @param {import('./engine-files.js').Build} build */
async function load(build) {
  loaded = await loadEngine(build, (loading) => self.postMessage({ loading }));
  return loaded.versions;
}

/**
 * Analyses a frame, releases it, and reports how long that took.
 * @param {import('./pixels.js').FrameImage} image @param {number} t_ms
 */
async function push(image, t_ms) {
  const began_ms = performance.now();
  try {
    await (await pixels).read(image, room);
    const observation = JSON.parse(engine().push(t_ms));
    return { observation, spent_ms: performance.now() - began_ms };
  } finally {
    if ('close' in image) image.close();
  }
}

/** Memory for a frame inside the engine, valid until the next call to the engine. @type {import('./pixels.js').Room} */
function room(width, height) {
  const { memory } = ready();
  const address = engine().frameAddress(width, height);
  const length = width * height * 4;
  if (frame.buffer !== memory.buffer || frame.byteOffset !== address || frame.length !== length) {
    frame = new Uint8Array(memory.buffer, address, length);
  }
  return frame;
}

/** @param {{id: number, op: string, args: unknown[]}} request */
async function answer({ id, op, args }) {
  try {
    self.postMessage({ id, value: await OPS[op]?.(...args) });
  } catch (error) {
    const { code = 'engine_failed', message = String(error) } = /** @type {{code?: string, message?: string}} */ (
      error
    );
    self.postMessage({ id, problem: { code, message } });
  }
}

/**
 * Runs calls one at a time: between copying and analysing it, a frame is in the engine's memory.
 * @type {Promise<void>}
 */
let queue = Promise.resolve();
self.addEventListener('message', ({ data }) => { queue = queue.then(() => answer(data)); });
