// @ts-check
/** The server's responses, camera errors, and missing browser features. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { read } from '../../www/assets/api.js';
import { cameraCode } from '../../www/assets/camera.js';
import { hasText, text } from '../../www/assets/language.js';
import { recipe } from '../../www/assets/messages.js';
import { Problem } from '../../www/assets/problem.js';
import { bestBuild, missing } from '../../www/assets/support.js';

const none = () => null;

/** @param {() => unknown} work @returns {Problem} */
function problemOf(work) {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Problem);
    return error;
  }
  throw new assert.AssertionError({ message: 'no problem was thrown' });
}

test('a response is its JSON, a refusal is a problem with the server’s code', () => {
  assert.deepEqual(read(200, none, '{"status":"sent"}'), { status: 'sent' });
  const refused = problemOf(() =>
    read(
      429,
      (name) => (name === 'Retry-After' ? '7' : null),
      '{"code":"too_many_requests","detail":"Wait.","request_id":"r"}',
    ),
  );
  assert.deepEqual(
    [refused.code, refused.status, refused.detail, refused.retryAfterMs, refused.requestId],
    ['too_many_requests', 429, 'Wait.', 7000, 'r'],
  );
});

test('a response that is not our server’s JSON is a problem, too', () => {
  assert.equal(problemOf(() => read(502, none, '<html>bad gateway</html>')).code, 'server_error');
  assert.equal(problemOf(() => read(200, none, '<html>log in to the WLAN</html>')).code, 'unexpected');
  assert.equal(problemOf(() => read(404, none, '')).code, 'unexpected');
});

test('each camera error has its code', () => {
  /** @type {[string, string][]} */
  const cases = [
    ['NotAllowedError', 'camera_denied'], ['SecurityError', 'camera_denied'], ['NotFoundError', 'camera_missing'],
    ['NotReadableError', 'camera_busy'],
    ['AbortError', 'camera_busy'], ['OverconstrainedError', 'camera_overconstrained'],
    ['InvalidStateError', 'camera_failed'],
  ];
  const circumstances = { embedded: false, any: false, took_ms: 2000 };
  for (const [name, code] of cases) assert.equal(cameraCode(new DOMException('x', name), circumstances), code, name);
  assert.equal(cameraCode(new TypeError('x'), circumstances), 'camera_failed');
  assert.equal(cameraCode('x', circumstances), 'camera_failed');
  const none = { ...circumstances, any: true };
  assert.equal(cameraCode(new DOMException('x', 'OverconstrainedError'), none), 'camera_missing', 'WebKit, no camera');
});

test('a refusal by a person is told from a refusal by the page around the check', () => {
  /** @type {[about: string, name: string, circumstances: {embedded: boolean, took_ms: number}, code: string][]} */
  const cases = [
    ['by the person', 'NotAllowedError', { embedded: false, took_ms: 2000 }, 'camera_denied'],
    ['by the person, earlier', 'NotAllowedError', { embedded: false, took_ms: 5 }, 'camera_denied'],
    ['by the person, inside a page', 'NotAllowedError', { embedded: true, took_ms: 2000 }, 'camera_denied'],
    ['by the page around', 'NotAllowedError', { embedded: true, took_ms: 5 }, 'camera_policy'],
    ['no camera, inside a page', 'NotFoundError', { embedded: true, took_ms: 5 }, 'camera_missing'],
  ];
  for (const [about, name, circumstances, code] of cases) {
    assert.equal(cameraCode(new DOMException('x', name), { any: false, ...circumstances }), code, about);
  }
});

test('the first missing browser feature is named', () => {
  const whole = { isSecureContext: true, navigator: { mediaDevices: { getUserMedia() {} } }, WebAssembly };
  const old = { WebAssembly: { validate: () => false } };
  const policy = (/** @type {boolean} */ allows) => ({ document: { featurePolicy: { allowsFeature: () => allows } } });
  /** @type {[string, object, boolean, string[], string | null][]} */
  const cases = [
    ['nothing', {}, true, ['simd'], null],
    ['a secure page', { isSecureContext: false }, true, ['simd'], 'camera_insecure'],
    ['a secure page (which hides the camera)', { isSecureContext: false, navigator: {} }, true, ['simd'],
      'camera_insecure'],
    ['camera access', { navigator: {} }, true, ['simd'], 'camera_unsupported'],
    ['permission of the page around', policy(false), true, ['simd'], 'camera_policy'],
    ['nothing, also not that permission', policy(true), true, ['simd'], null],
    ['WebAssembly', { WebAssembly: undefined }, true, ['simd', 'baseline'], 'wasm_disabled'],
    ['SIMD, where the server has nothing else', old, true, ['simd'], 'wasm_unsupported'],
    ['SIMD, which the baseline does without', old, true, ['simd', 'baseline'], null],
    ['module workers', {}, false, ['simd'], 'worker_unsupported'],
  ];
  for (const [about, change, workers, builds, expected] of cases) {
    assert.equal(
      missing(
        /** @type {any} */ ({ ...whole, ...change }),
        () => workers,
        (build) => builds.includes(build),
      ),
      expected,
      about,
    );
  }
});

test('the fastest build that the browser can run is chosen', () => {
  /** @type {[validates: (module: Uint8Array) => boolean, string][]} */
  const browsers = [
    [() => true, 'relaxed'],
    // Fixed-width SIMD is the shorter of the two modules.
    [({ length }) => length < 35, 'simd'],
    [() => false, 'baseline'],
  ];
  for (const [validate, build] of browsers) {
    assert.equal(bestBuild(/** @type {any} */ ({ WebAssembly: { validate } })), build);
  }
});

test('each browser gets the recipe for its own settings', () => {
  const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari';
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0';
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0';
  const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
  const phone = 'Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0';
  /** @type {[code: string, browser: object, key: string | null][]} */
  const cases = [
    ['camera_denied', { userAgent: iphone, maxTouchPoints: 5 }, 'recipe.ios'],
    ['camera_denied', { userAgent: mac, maxTouchPoints: 5 }, 'recipe.ios'],
    ['camera_denied', { userAgent: mac, maxTouchPoints: 0 }, 'recipe.desktop'],
    ['camera_unanswered', { userAgent: phone, maxTouchPoints: 5 }, 'recipe.android'],
    ['pixels_falsified', { userAgent: firefox, maxTouchPoints: 0 }, 'recipe.pixels.firefox'],
    ['pixels_falsified', { userAgent: phone, maxTouchPoints: 5 }, 'recipe.pixels.firefox'],
    ['pixels_falsified', { userAgent: chrome, maxTouchPoints: 0, brave: {} }, 'recipe.pixels.brave'],
    ['pixels_falsified', { userAgent: chrome, maxTouchPoints: 0 }, 'recipe.pixels.other'],
    ['wasm_disabled', { userAgent: iphone, maxTouchPoints: 5 }, 'recipe.wasm.apple'],
    ['wasm_disabled', { userAgent: mac, maxTouchPoints: 0 }, 'recipe.wasm.apple'],
    ['wasm_disabled', { userAgent: firefox, maxTouchPoints: 0 }, 'recipe.wasm.firefox'],
    ['wasm_disabled', { userAgent: chrome, maxTouchPoints: 0 }, 'recipe.wasm.other'],
    ['camera_missing', { userAgent: mac, maxTouchPoints: 0 }, null],
  ];
  for (const [code, browser, key] of cases) {
    assert.equal(recipe(code, /** @type {any} */ (browser)), key && text(key), `${code}: ${key}`);
    assert.ok(key === null || hasText(key), `${key}`);
  }
});
