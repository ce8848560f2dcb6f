// @ts-check
/** Whether this browser turns camera frames into RGBA while copying them. */

/** A white 2×2 picture in I420. */
const WHITE_I420 = new Uint8Array([235, 235, 235, 235, 128, 128]);

/**
 * Tries it: browsers that do not know the option copy the frame as it is, without an error.
 * @returns {Promise<boolean>}
 */
export async function canCopyRgba() {
  if (typeof VideoFrame !== 'function') return false;
  /** @type {VideoFrame | null} */
  let frame = null;
  try {
    frame = new VideoFrame(WHITE_I420, { format: 'I420', codedWidth: 2, codedHeight: 2, timestamp: 0 });
    const pixels = new Uint8Array(16);
    const planes = await frame.copyTo(pixels, { format: 'RGBA' });
    return planes.length === 1 && planes[0]?.stride === 8 && pixels.every((value) => value > 240);
  } catch {
    return false;
  } finally {
    frame?.close();
  }
}
