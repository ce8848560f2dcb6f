// @ts-check
/** The camera that was chosen last, in this browser: people should not have to choose again. Only its id is kept. */

const CAMERA = 'blinkgate.camera';

/** Storage may be disabled; then the next visit starts over. @param {string} deviceId */
export function rememberCamera(deviceId) {
  try {
    localStorage.setItem(CAMERA, deviceId);
  } catch {
    // See above.
  }
}

/** @returns {string | null} */
export function rememberedCamera() {
  try {
    return localStorage.getItem(CAMERA);
  } catch {
    return null;
  }
}
