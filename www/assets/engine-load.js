// @ts-check
/** Engine and models: loaded side by side, checked, compiled while they come. For the engine's thread. */

import { download, tally, untilSound } from './download.js';
import { engineFiles } from './engine-files.js';
import { forget } from './keeper.js';
import { Problem } from './problem.js';

/** @typedef {import('./addresses.js').SentFile} SentFile */
/** @typedef {import('./download.js').Count} Count */

/** What this page uses of the WASM package. @typedef {object} EngineApi
 * @property {(width: number, height: number) => number} frameAddress
 * @property {(t_ms: number) => string} push
 * @property {() => Uint8Array} softPublicKey
 * @property {(terms: import('./types.js').Challenge, keyKind: string, now_ms: number, publicKey: Uint8Array) => void} begin
 * @property {() => string | undefined} commitment
 * @property {(cue: import('./types.js').Cue, now_ms: number) => void} reveal
 * @property {() => string} signingInput
 * @property {(signingInput: string) => Uint8Array} softSign
 * @property {() => Uint8Array} openCapture
 * @property {() => Uint8Array} closedCapture
 * @property {() => Uint8Array} strip
 * @property {() => void} reset
 * @property {() => string} versions
 */

/** @typedef {{engine: EngineApi, memory: WebAssembly.Memory, versions: {engine: string, thresholds: string}}} Loaded */

/**
 * @param {import('./engine-files.js').Build} build
 * @param {(progress: import('./types.js').Progress) => void} onProgress @returns {Promise<Loaded>}
 */
export async function loadEngine(build, onProgress) {
  const files = engineFiles(build);
  if (files === null) throw new Problem('engine_failed', { cause: `the server has no build '${build}'` });
  const { module, wasm, models } = files;
  const progress = tally([wasm, ...models]);
  /** @param {number} index @returns {Count} */
  const counting = (index) => (loaded, packed) => onProgress(progress(index, loaded, packed));
  const [glue, code, ...weights] = await Promise.all([
    importGlue(module),
    untilSound(wasm, (cache) => compiled(wasm, counting(0), cache)),
    ...models.map((model, index) => untilSound(model, (cache) => download(model, counting(index + 1), { cache }))),
  ]);
  const { memory } = await glue.default({ module_or_path: code });
  const engine = new glue.Engine(...weights);
  return { engine, memory, versions: JSON.parse(engine.versions()) };
}

/** The package's module. @param {string} url */
function importGlue(url) {
  return import(url).catch(async (cause) => {
    // Whatever was kept of it is not used at the next try.
    await forget(url);
    await fetch(url, { cache: 'reload' }).catch(() => undefined);
    throw new Problem('engine_failed', { cause });
  });
}

/**
 * The module, compiled while it comes where the browser can do that. Nothing of it runs before its sum is right.
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

/** A compiler that takes its module piece by piece; `module` is null where it cannot. */
function compileStream() {
  /** @type {ReadableStreamDefaultController<Uint8Array> | null} */
  let controller = null;
  const body = new ReadableStream({
    start: (given) => { controller = given; },
    cancel: () => { controller = null; },
  });
  const module = WebAssembly.compileStreaming(new Response(body, { headers: { 'Content-Type': 'application/wasm' } })).catch(() => null);
  return {
    module,
    write: (/** @type {Uint8Array} */ bytes) => { controller?.enqueue(bytes); },
    close: () => { controller?.close(); },
    fail: (/** @type {unknown} */ error) => { controller?.error(error); },
  };
}
