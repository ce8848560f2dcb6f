// @ts-check
/**
 * The oval for the face, the ring around it and arrows beside it: sizes in, SVG paths out. Coordinates are pixels of
 * the stage. Pure.
 */

/** The oval's width as a share of the picture's shorter side, well within what the engine accepts (0.18 to 0.88 for the
 * face alone). */
const WIDTH_SHARE = 0.56;

/**
 * The oval's centre from the top: a little above the middle, closer to the camera, and clear of the remaining time
 * below.
 */
const CENTER_SHARE = 0.48;

/** Height over width: a head is taller than it is wide. */
const HEIGHT_RATIO = 1.32;

/** Least space between the oval and each side of the stage, for the ring. */
const MARGIN_PX = 14;

/** Least space below the oval, for the remaining time. */
const BELOW_PX = 58;

/** An arrow: from its middle to its tip, and half the height of its head and of its shaft. Chosen to be seen from an
 * arm's length. */
const ARROW_PX = Object.freeze({ tip: 30, head: 26, shaft: 9 });

/** Least space between an arrow and the side of the stage, and, where there is room, between it and the ring. */
const ARROW_GAP_PX = 12;

/** @typedef {{cx: number, cy: number, rx: number, ry: number}} Oval */

/**
 * The oval in a stage that the picture covers (`object-fit: cover`), placed so that it marks the same part of the
 * picture whatever the stage's shape.
 * @param {{width: number, height: number}} picture @param {{width: number, height: number}} stage @returns {Oval}
 */
export function ovalIn(picture, stage) {
  const scale = Math.max(stage.width / picture.width, stage.height / picture.height);
  const wanted = (Math.min(picture.width, picture.height) * scale * WIDTH_SHARE) / 2;
  const cy = stage.height * CENTER_SHARE;
  const rx = Math.min(
    wanted,
    stage.width / 2 - MARGIN_PX,
    Math.min(cy - MARGIN_PX, stage.height - cy - BELOW_PX) / HEIGHT_RATIO,
  );
  return { cx: stage.width / 2, cy, rx, ry: rx * HEIGHT_RATIO };
}

/** The oval's outline, clockwise from its top. @param {Oval} oval @param {number} [grow] how far outside it */
export function ring({ cx, cy, rx, ry }, grow = 0) {
  const [a, b] = [rx + grow, ry + grow];
  return `M ${cx} ${cy - b} A ${a} ${b} 0 0 1 ${cx} ${cy + b} A ${a} ${b} 0 0 1 ${cx} ${cy - b} Z`;
}

/**
 * Everything but the oval, to be filled by the even-odd rule.
 * @param {Oval} oval @param {{width: number, height: number}} stage
 */
export function outside(oval, stage) {
  return `M 0 0 H ${stage.width} V ${stage.height} H 0 Z ${ring(oval)}`;
}

/**
 * The outline of an arrow beside the oval; it covers part of the ring where the stage is narrow.
 * @param {Oval} oval @param {{width: number}} stage @param {import('./turn.js').Arrow} where
 */
export function arrow({ cx, cy, rx }, stage, { at, to }) {
  const { tip, head, shaft } = ARROW_PX;
  const fromSide = Math.max(ARROW_GAP_PX + tip, cx - rx - tip - 2 * ARROW_GAP_PX);
  const x = at === 'left' ? fromSide : stage.width - fromSide;
  const [end, start] = to === 'left' ? [x - tip, x + tip] : [x + tip, x - tip];
  return `M ${end} ${cy} L ${x} ${cy - head} V ${cy - shaft} H ${start} V ${cy + shaft} H ${x} V ${cy + head} Z`;
}
