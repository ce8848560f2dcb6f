// @ts-check
/** Shows the two pictures of a submission, drawn from memory. */

import { requireElement } from './dom.js';

/** @param {{open: Blob, closed: Blob} | null} pictures */
export async function drawPair(pictures) {
  const frame = requireElement('#pair', HTMLElement);
  frame.hidden = true;
  if (pictures === null) return;
  try {
    await draw(requireElement('#pair-open', HTMLCanvasElement), pictures.open);
    await draw(requireElement('#pair-closed', HTMLCanvasElement), pictures.closed);
    frame.hidden = false;
  } catch {
    // A picture that cannot be shown must not hide the rest of the page.
  }
}

/** Fills the canvas with the picture, cropped to its shape. @param {HTMLCanvasElement} canvas @param {Blob} picture */
async function draw(canvas, picture) {
  const bitmap = await createImageBitmap(picture);
  const scale = Math.max(canvas.width / bitmap.width, canvas.height / bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  canvas.getContext('2d')?.drawImage(bitmap, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  bitmap.close();
}
