// @ts-check
/** The page's end of the service worker, which keeps the files whose addresses name their content. All of it works without. */

/** Has the service worker keep files from now on, where the browser and its mode allow that. */
export function startKeeper() {
  try {
    navigator.serviceWorker?.register('/sw.js', { updateViaCache: 'none' }).catch(() => undefined);
  } catch {
    // Some browsers forbid even to look.
  }
}

/** Whether the file is kept. @param {string} url @returns {Promise<boolean>} */
export async function isKept(url) {
  try {
    return await caches.match(url, { ignoreVary: true }) !== undefined;
  } catch {
    return false;
  }
}

/** Drops what is kept under this address. @param {string} url @returns {Promise<void>} */
export async function forget(url) {
  try {
    for (const name of await caches.keys()) await (await caches.open(name)).delete(url, { ignoreVary: true });
  } catch {
    // Nothing can be kept here.
  }
}
