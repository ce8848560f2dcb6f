// @ts-check
/** Answers of the server, repeated uploads, camera errors, what a browser lacks. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { read } from '../assets/api.js';
import { cameraCode } from '../assets/camera.js';
import { Problem, isAbort } from '../assets/problem.js';
import { GIVE_UP_AFTER_MS, pauseMs, submit } from '../assets/submit.js';
import { bestBuild, missing } from '../assets/support.js';

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

test('an answer is its JSON, a refusal is a problem with the server’s code', () => {
  assert.deepEqual(read(200, none, '{"status":"sent"}'), { status: 'sent' });
  const refused = problemOf(() => read(429, (name) => (name === 'Retry-After' ? '7' : null), '{"code":"too_many_requests","detail":"Wait.","request_id":"r"}'));
  assert.deepEqual([refused.code, refused.status, refused.detail, refused.retryAfterMs, refused.requestId], ['too_many_requests', 429, 'Wait.', 7000, 'r']);
});

test('what is not our server’s JSON is a problem too', () => {
  assert.equal(problemOf(() => read(502, none, '<html>bad gateway</html>')).code, 'server_error');
  assert.equal(problemOf(() => read(200, none, '<html>log in to the WLAN</html>')).code, 'unexpected');
  assert.equal(problemOf(() => read(404, none, '')).code, 'unexpected');
});

/** @type {import('../assets/types.js').Submission} */
const SUBMISSION = { challenge_id: 'c', transcript: 't', open: new Blob(), closed: new Blob(), idempotency_key: 'key-1' };
const ANSWER = { status: /** @type {const} */ ('VERIFIED'), reason: null, message: 'ok', attempts_left: 2 };

/** Runs an upload against scripted outcomes. @param {(Problem | Error | typeof ANSWER)[]} outcomes the last one repeats */
async function upload(outcomes) {
  let now = 0;
  /** @type {string[]} */
  const keys = [];
  /** @type {string[]} */
  const told = [];
  let waitedOnline = 0;
  const result = await submit(SUBMISSION, {
    send: async ({ idempotency_key }) => {
      keys.push(idempotency_key);
      const outcome = outcomes[Math.min(keys.length, outcomes.length) - 1];
      if (outcome instanceof Error) throw outcome;
      return /** @type {typeof ANSWER} */ (outcome);
    },
    delay: async (ms) => { now += ms; },
    online: async () => { waitedOnline += 1; },
    now: () => now,
    again: (code) => told.push(code),
  }).catch((error) => error);
  return { result, keys, told, now, waitedOnline };
}

test('a dropped connection is tried again under the same key', async () => {
  const { result, keys, told } = await upload([new Problem('network'), new Problem('busy', { status: 503 }), ANSWER]);
  assert.equal(result, ANSWER);
  assert.deepEqual(keys, ['key-1', 'key-1', 'key-1']);
  assert.deepEqual(told, ['network', 'busy']);
});

test('the server’s wish for a pause is kept', async () => {
  assert.equal((await upload([new Problem('busy', { status: 503, retryAfterMs: 5000 }), ANSWER])).now, 5000);
  assert.equal(pauseMs(1, null), 500);
  assert.equal(pauseMs(99, null), 8000);
});

test('offline waits to be online', async () => {
  const { told, waitedOnline } = await upload([new Problem('offline'), ANSWER]);
  assert.deepEqual([told, waitedOnline], [['offline'], 1]);
});

test('a refusal is final, whatever it is', async () => {
  for (const code of ['session_expired', 'challenge_unknown', 'challenge_expired', 'challenge_used', 'too_large', 'submission_malformed']) {
    const { result, keys } = await upload([new Problem(code, { status: 410 })]);
    assert.deepEqual([result.code, keys.length], [code, 1]);
  }
});

test('trying ends at last', async () => {
  const { result, now, keys } = await upload([new Problem('network')]);
  assert.equal(result.code, 'network');
  assert.ok(now <= GIVE_UP_AFTER_MS && keys.length > 10, `${keys.length} tries in ${now} ms`);
});

test('an upload that nobody waits for is not repeated', async () => {
  const { result, keys } = await upload([new DOMException('gone', 'AbortError')]);
  assert.ok(isAbort(result));
  assert.equal(keys.length, 1);
});

test('each error of the camera has its code', () => {
  /** @type {[string, string][]} */
  const cases = [
    ['NotAllowedError', 'camera_denied'], ['SecurityError', 'camera_denied'], ['NotFoundError', 'camera_missing'], ['NotReadableError', 'camera_busy'],
    ['AbortError', 'camera_busy'], ['OverconstrainedError', 'camera_overconstrained'], ['InvalidStateError', 'camera_failed'],
  ];
  for (const [name, code] of cases) assert.equal(cameraCode(new DOMException('x', name)), code, name);
  assert.equal(cameraCode(new TypeError('x')), 'camera_failed');
  assert.equal(cameraCode('x'), 'camera_failed');
});

test('what a browser lacks is named, the first thing first', () => {
  const whole = { isSecureContext: true, navigator: { mediaDevices: { getUserMedia() {} } }, WebAssembly };
  const old = { WebAssembly: { validate: () => false } };
  /** @type {[string, object, boolean, string[], string | null][]} */
  const cases = [
    ['nothing', {}, true, ['simd'], null],
    ['a secure page', { isSecureContext: false }, true, ['simd'], 'camera_insecure'],
    ['a secure page (which hides the camera)', { isSecureContext: false, navigator: {} }, true, ['simd'], 'camera_insecure'],
    ['camera access', { navigator: {} }, true, ['simd'], 'camera_unsupported'],
    ['WebAssembly', { WebAssembly: undefined }, true, ['simd', 'baseline'], 'wasm_unsupported'],
    ['SIMD, where the server has nothing else', old, true, ['simd'], 'wasm_unsupported'],
    ['SIMD, which the baseline does without', old, true, ['simd', 'baseline'], null],
    ['module workers', {}, false, ['simd'], 'worker_unsupported'],
  ];
  for (const [about, change, workers, builds, expected] of cases) {
    assert.equal(missing(/** @type {any} */ ({ ...whole, ...change }), () => workers, (build) => builds.includes(build)), expected, about);
  }
});

test('the quickest build that runs is taken', () => {
  assert.equal(bestBuild(globalThis), 'simd');
  assert.equal(bestBuild(/** @type {any} */ ({ WebAssembly: { validate: () => false } })), 'baseline');
});
