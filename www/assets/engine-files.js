// @ts-check
/** The one list of the engine's files. A model file is served if it is named here. */

import { ADDRESSES } from './addresses.js';

/** @typedef {import('./addresses.js').SentFile} SentFile */

/** A build of the engine, by what it requires of the browser. @typedef {'relaxed' | 'simd' | 'baseline'} Build */

/** @typedef {object} EngineFiles
 * @property {string} module the address of the package's module, made by wasm-bindgen
 * @property {SentFile} wasm
 * @property {SentFile[]} models in the order the engine expects
 */

/** Where the builds are. @type {Readonly<Record<Build, string>>} */
const PACKAGES = Object.freeze({ relaxed: '/pkg-relaxed', simd: '/pkg', baseline: '/pkg-baseline' });

const MODELS = Object.freeze(['/models/networks.pack']);

/**
 * The files of a build, or `null` if this server lacks any of them.
 * @param {Build} build @param {typeof ADDRESSES} [addresses] @returns {EngineFiles | null}
 */
export function engineFiles(build, addresses = ADDRESSES) {
  const module = addresses[`${PACKAGES[build]}/engine_wasm.js`];
  const wasm = addresses[`${PACKAGES[build]}/engine_wasm_bg.wasm`];
  const models = MODELS.flatMap((name) => addresses[name] ?? []);
  return module && wasm && models.length === MODELS.length ? { module: module.url, wasm, models } : null;
}
