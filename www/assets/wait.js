// @ts-check
/** Waiting that can be aborted: delays, deadlines, and coming back online. */

import { aborted } from './problem.js';

/** Resolves after `ms`. @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export function delay(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted());
    const end = () => { clearTimeout(timer); reject(aborted()); };
    const timer = setTimeout(() => { signal.removeEventListener('abort', end); resolve(); }, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}

/** Resolves once the browser says it is online. @param {AbortSignal} signal @returns {Promise<void>} */
export function online(signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted());
    if (navigator.onLine) return resolve();
    globalThis.addEventListener('online', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => reject(aborted()), { once: true });
  });
}

/**
 * A signal that aborts with `outer` or after `ms`, whichever comes first. (Our oldest browser lacks `AbortSignal.any`.)
 * @param {AbortSignal | undefined} outer @param {number} ms
 * @returns {{signal: AbortSignal, done: () => void}} call `done` when the work is finished
 */
export function deadline(outer, ms) {
  const inner = new AbortController();
  const end = () => inner.abort();
  const timer = setTimeout(end, ms);
  if (outer?.aborted) end();
  outer?.addEventListener('abort', end, { once: true });
  return {
    signal: inner.signal,
    done: () => { clearTimeout(timer); outer?.removeEventListener('abort', end); },
  };
}
