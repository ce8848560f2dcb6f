// @ts-check
/**
 * The service worker: caches files whose addresses name their content, so that a second visit downloads none of them.
 * It leaves pages, API responses and everything else to the browser. Another release of the site has another list in
 * here and is therefore another service worker.
 */

/** The first digits of each file's SHA-256, by address. @type {Readonly<Record<string, string>>} */
const FILES = /* build: files */ {};

const CACHE = 'blinkgate-files';

const worker = /** @type {any} */ (self);

// Takes over at once: an open page of an older release has what it needs, or says that it is out of date.
worker.addEventListener('install', () => { worker.skipWaiting(); });

worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(takeOver()));

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { method, url } = /** @type {Request} */ (event.request);
  const { origin, pathname, search } = new URL(url);
  const isOurs = method === 'GET' && origin === location.origin && search === '' && Object.hasOwn(FILES, pathname);
  if (isOurs) event.respondWith(answer(event.request, (/** @type {Promise<unknown>} */ work) => event.waitUntil(work)));
});

/** Removes the files of older releases and takes over the open pages. */
async function takeOver() {
  const cache = await caches.open(CACHE);
  for (const { url } of await cache.keys()) {
    if (!Object.hasOwn(FILES, new URL(url).pathname)) await cache.delete(url, { ignoreVary: true });
  }
  await worker.clients.claim();
}

/** @param {Request} request @param {(work: Promise<unknown>) => void} meanwhile @returns {Promise<Response>} */
async function answer(request, meanwhile) {
  // Without a cache everything can still be downloaded.
  const cache = await caches.open(CACHE).catch(() => null);
  const mayUseCache = request.cache !== 'reload' && request.cache !== 'no-store';
  const kept = mayUseCache ? await cache?.match(request.url, { ignoreVary: true }).catch(() => undefined) : undefined;
  if (kept) return kept;
  const response = await fetch(request);
  if (cache && response.ok) meanwhile(keep(cache, request.url, response.clone()).catch(() => undefined));
  return response;
}

/**
 * Caches the file if it arrived complete and undamaged.
 * @param {Cache} cache @param {string} url @param {Response} response
 */
async function keep(cache, url, response) {
  const bytes = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const sum = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (!sum.startsWith(FILES[new URL(url).pathname] ?? 'none')) return;
  // Keeps the server's headers: a worker's script brings its Content-Security-Policy. But these bytes are unpacked.
  const headers = new Headers(response.headers);
  for (const name of ['Content-Encoding', 'Content-Length']) headers.delete(name);
  await cache.put(url, new Response(bytes, { headers }));
}
