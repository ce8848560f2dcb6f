// @ts-check
/** Whether this browser can run the check: the code of the first thing that is missing. */

import { engineFiles } from './engine-files.js';

/** @typedef {import('./engine-files.js').Build} Build */

/**
 * The smallest WebAssembly module with a SIMD instruction: `(func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)`.
 */
const SIMD_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** The same with relaxed SIMD: `f32x4.relaxed_madd` of three splats. */
const RELAXED_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0, 253, 15,
  65, 0, 253, 15, 253, 133, 2, 11,
]);

/**
 * @param {typeof globalThis} scope the page's global object
 * @param {(scope: typeof globalThis) => boolean} [moduleWorkers]
 * @param {(build: Build) => boolean} [hasBuild] whether the server has this build of the engine
 * @returns {string | null} a problem's code
 */
export function missing(scope, moduleWorkers = hasModuleWorkers, hasBuild = (build) => engineFiles(build) !== null) {
  if (!scope.isSecureContext) return 'camera_insecure';
  if (typeof scope.navigator?.mediaDevices?.getUserMedia !== 'function') {
    return isInApp(scope.navigator) ? 'in_app_browser' : 'camera_unsupported';
  }
  if (isForbidden(scope)) return 'camera_policy';
  // Every browser that runs these modules has it, unless it was turned off, for example by Lockdown Mode.
  if (typeof scope.WebAssembly !== 'object') return 'wasm_disabled';
  // A server without any engine is another fault, which shows when the engine is loaded.
  if (bestBuild(scope) === 'baseline' && !hasBuild('baseline')) return 'wasm_unsupported';
  if (!moduleWorkers(scope)) return 'worker_unsupported';
  return null;
}

/** Words with which the browsers inside other apps name themselves, and Android's part for them. */
const IN_APP = new RegExp(
  '\\b(FBA[NV]|FB_IAB|Instagram|Line/|LinkedInApp|MicroMessenger|Snapchat|BytedanceWebview|musical_ly|Pinterest|' +
  'GSA/)|; wv\\)',
);

/**
 * Whether the page seems to be open inside another app, many of which never ask for the camera. Names may be wrong:
 * nothing is refused because of this.
 * @param {Pick<Navigator, 'userAgent'> | undefined} browser
 */
export function isInApp(browser) {
  return IN_APP.test(browser?.userAgent ?? '');
}

/** The fastest build of the engine that this browser can run. @param {typeof globalThis} scope @returns {Build} */
export function bestBuild(scope) {
  const { WebAssembly } = scope;
  if (WebAssembly.validate(RELAXED_MODULE)) return 'relaxed';
  return WebAssembly.validate(SIMD_MODULE) ? 'simd' : 'baseline';
}

/**
 * Whether an embedding page or a server in between keeps the camera from this page. Only some browsers tell.
 * @param {typeof globalThis} scope
 */
function isForbidden({ document }) {
  const { featurePolicy } = /** @type {{featurePolicy?: {allowsFeature: (name: string) => boolean}}} */ (
    /** @type {unknown} */ (document ?? {})
  );
  return featurePolicy?.allowsFeature('camera') === false;
}

/** A browser that supports module workers reads the `type` option; others do not. @param {typeof globalThis} scope */
function hasModuleWorkers(scope) {
  if (typeof scope.Worker !== 'function') return false;
  let asked = false;
  const probe = new scope.Worker(new URL('./engine-worker.js', import.meta.url), {
    get type() { asked = true; return /** @type {WorkerType} */ ('module'); },
  });
  probe.terminate();
  return asked;
}
