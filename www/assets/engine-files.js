// @ts-check
/** What the engine consists of: the one list of it. A model file is sent if it is named here. */

import { ADDRESSES } from './addresses.js';

/** @typedef {import('./addresses.js').SentFile} SentFile */

/** What a build of the engine asks of the browser. @typedef {'simd' | 'baseline'} Build */

/** @typedef {object} EngineFiles
 * @property {string} module the address of the package's module, made by wasm-bindgen
 * @property {SentFile} wasm
 * @property {SentFile[]} models in the order in which the engine takes them
 */

/** Where the builds lie. @type {Readonly<Record<Build, string>>} */
const PACKAGES = Object.freeze({ simd: '/pkg', baseline: '/pkg-baseline' });

const MODELS = Object.freeze(['/models/networks.pack']);

/** The files of a build, or `null` if this server does not have all of them. @param {Build} build @param {typeof ADDRESSES} [addresses] @returns {EngineFiles | null} */
export function engineFiles(build, addresses = ADDRESSES) {
  const module = addresses[`${PACKAGES[build]}/engine_wasm.js`];
  const wasm = addresses[`${PACKAGES[build]}/engine_wasm_bg.wasm`];
  const models = MODELS.flatMap((name) => addresses[name] ?? []);
  return module && wasm && models.length === MODELS.length ? { module: module.url, wasm, models } : null;
}
