// @ts-check
/**
 * The page's end of the service worker, which caches files whose addresses name their content. Everything works without
 * it.
 */

/** Registers the service worker if the browser and its mode allow that. */
export function registerServiceWorker() {
  try {
    navigator.serviceWorker?.register('/sw.js', { updateViaCache: 'none' }).catch(() => undefined);
  } catch {
    // In some modes even reading the property throws.
  }
}

/** Whether the file is cached. @param {string} url @returns {Promise<boolean>} */
export async function isCached(url) {
  try {
    return await caches.match(url, { ignoreVary: true }) !== undefined;
  } catch {
    return false;
  }
}

/** Removes whatever is cached under this address. @param {string} url @returns {Promise<void>} */
export async function evict(url) {
  try {
    for (const name of await caches.keys()) await (await caches.open(name)).delete(url, { ignoreVary: true });
  } catch {
    // This browser caches nothing.
  }
}
