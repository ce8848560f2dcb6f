// @ts-check
/** How the bytes of a copied `VideoFrame` are to be read: where each kind of sample is. Pure. */

/**
 * Offset, step and stride in bytes of three kinds of samples: luma, blue and red chroma, or red, green and blue.
 * @typedef {object} Layout
 * @property {number[]} samples nine numbers
 * @property {boolean} isYuv
 */

/** Where red, green and blue are in a pixel. @type {Readonly<Record<string, readonly [number, number, number]>>} */
const ORDERS = { RGBA: [0, 1, 2], RGBX: [0, 1, 2], BGRA: [2, 1, 0], BGRX: [2, 1, 0] };

const YUV = new Set(['I420', 'I420A', 'NV12']);

/** Whether the engine can read frames of this format. Opaque frames have none. @param {string | null} format */
export function isReadable(format) {
  return format !== null && (YUV.has(format) || Object.hasOwn(ORDERS, format));
}

/**
 * The layout of a frame's bytes, `null` if the engine cannot read them.
 * @param {string | null} format @param {readonly PlaneLayout[]} planes what `copyTo` returns
 * @returns {Layout | null}
 */
export function layoutOf(format, planes) {
  const [first, second, third] = planes;
  if (format === null || first === undefined) return null;
  const order = ORDERS[format];
  if (order !== undefined) {
    return { isYuv: false, samples: order.flatMap((at) => [first.offset + at, 4, first.stride]) };
  }
  if (!YUV.has(format) || second === undefined) return null;
  const luma = [first.offset, 1, first.stride];
  if (format === 'NV12') {
    const { offset, stride } = second;
    return { isYuv: true, samples: [...luma, offset, 2, stride, offset + 1, 2, stride] };
  }
  if (third === undefined) return null;
  return { isYuv: true, samples: [...luma, second.offset, 1, second.stride, third.offset, 1, third.stride] };
}
