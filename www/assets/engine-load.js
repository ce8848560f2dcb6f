// @ts-check
/** Loads engine and models in parallel, checks them, and compiles while downloading. For the engine's worker. */

import { download, retryIfCorrupt, totalProgress } from './download.js';
import { engineFiles } from './engine-files.js';
import { evict } from './sw-client.js';
import { Problem } from './problem.js';

/** @typedef {import('./addresses.js').SentFile} SentFile */
/** @typedef {import('./download.js').Count} Count */

/**
 * The module that wasm-bindgen generates, with its types: `scripts/build-wasm`.
 * @typedef {import('../pkg/engine_wasm.js')} Glue
 */
/** @typedef {import('../pkg/engine_wasm.js').Engine} Engine */

/** @typedef {{engine: Engine, memory: WebAssembly.Memory, versions: {engine: string, thresholds: string}}} Loaded */

/**
 * @param {import('./engine-files.js').Build} build
 * @param {(progress: import('./types.js').Progress) => void} onProgress @returns {Promise<Loaded>}
 */
export async function loadEngine(build, onProgress) {
  const files = engineFiles(build);
  if (files === null) throw new Problem('engine_failed', { cause: `the server has no build '${build}'` });
  const { module, wasm, models } = files;
  const progress = totalProgress([wasm, ...models]);
  /** @param {number} index @returns {Count} */
  const counting = (index) => (loaded, packed) => onProgress(progress(index, loaded, packed));
  const [glue, code, ...weights] = await Promise.all([
    importGlue(module),
    retryIfCorrupt(wasm, (cache) => compiled(wasm, counting(0), cache)),
    ...models.map((model, index) => retryIfCorrupt(model, (cache) => download(model, counting(index + 1), { cache }))),
  ]);
  const { memory } = await glue.default({ module_or_path: code });
  const engine = new glue.Engine(.../** @type {ConstructorParameters<Glue['Engine']>} */ (weights));
  return { engine, memory, versions: JSON.parse(engine.versions()) };
}

/** @param {string} url the module's address @returns {Promise<Glue>} */
function importGlue(url) {
  return import(url).catch(async (cause) => {
    // The next try must not use what is cached.
    await evict(url);
    await fetch(url, { cache: 'reload' }).catch(() => undefined);
    throw new Problem('engine_failed', { cause });
  });
}

/**
 * The module, compiled while it arrives if the browser can do that. Nothing of it runs before its hash is verified.
 * @param {SentFile} file @param {Count} count @param {RequestCache} cache @returns {Promise<WebAssembly.Module>}
 */
async function compiled(file, count, cache) {
  const stream = typeof WebAssembly.compileStreaming === 'function' ? compileStream() : null;
  try {
    const bytes = await download(file, count, { cache, each: stream?.write });
    stream?.close();
    return await stream?.module ?? await WebAssembly.compile(bytes);
  } catch (error) {
    stream?.fail(error);
    throw error;
  }
}

/** A compiler that takes its module in pieces; `module` is null if the browser cannot do that. */
function compileStream() {
  /** @type {ReadableStreamDefaultController<Uint8Array> | null} */
  let controller = null;
  const body = new ReadableStream({
    start: (opened) => { controller = opened; },
    cancel: () => { controller = null; },
  });
  const module = WebAssembly.compileStreaming(
    new Response(body, { headers: { 'Content-Type': 'application/wasm' } }),
  ).catch(() => null);
  return {
    module,
    write: (/** @type {Uint8Array} */ bytes) => { controller?.enqueue(bytes); },
    close: () => { controller?.close(); },
    fail: (/** @type {unknown} */ error) => { controller?.error(error); },
  };
}
