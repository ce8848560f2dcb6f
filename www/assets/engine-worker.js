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
/** Where the engine reads a frame, and its planes. Recreated when the engine's memory moves. */
const views = { frame: new Uint8Array(), planes: new Uint8Array() };

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
 * @param {import('./pixels.js').FrameImage} image @param {number} t_ms @param {import('./orientation.js').Turn} turn
 */
async function push(image, t_ms, turn) {
  const began_ms = performance.now();
  try {
    await (await pixels).read(image, turn, memory);
    const observation = JSON.parse(engine().push(t_ms));
    return { observation, spent_ms: performance.now() - began_ms };
  } finally {
    if ('close' in image) image.close();
  }
}

/** The engine's memory, valid until the next call to the engine. @type {import('./pixels.js').Memory} */
const memory = {
  frame: (width, height) => view('frame', engine().frameAddress(width, height), width * height * 4),
  planes: (bytes) => view('planes', engine().planesAddress(bytes), bytes),
  take: ({ width, height }, { samples, isYuv }, { matrix, fullRange }, { quarters, mirrored }) => {
    const colours = isYuv ? matrix ?? '' : undefined;
    engine().takePlanes(
      width, height, Uint32Array.from(samples), colours, fullRange ?? false, quarters, mirrored,
    );
  },
};

/** @param {keyof typeof views} name @param {number} address @param {number} length */
function view(name, address, length) {
  const { buffer } = ready().memory;
  const { [name]: old } = views;
  const isSame = old.buffer === buffer && old.byteOffset === address && old.length === length;
  return isSame ? old : (views[name] = new Uint8Array(buffer, address, length));
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
