// @ts-check
/**
 * Which camera suits the check: one that sees colours and faces the person. Knows names and pixels. Pure.
 */

/** @typedef {Pick<MediaDeviceInfo, 'deviceId' | 'label'>} Camera */

/** Words in the names of cameras for infrared light and depth. Such a camera shows faces in grey, and may flicker. */
const INFRARED = /\b(ir|infra-?(red|rot|rouge|rojos?|rossi)|depth|windows hello|truedepth)\b/i;

/** Words in the names of cameras that face away from the person, or down on the desk. */
const AWAY = /(\b(back|rear|environment|arrière|trasera|traseira|posteriore|desk view)\b|rück)/i;

/** How far the largest and the smallest of red, green and blue may be apart in a grey pixel: compression adds some. */
const GREY_SPREAD = 10;

/** Pixels darker than this have no colour to show, 0 to 255. */
const DARK = 24;

/** The share of visible pixels that must be grey: any lamp, wall or skin has some colour. */
const GREY_SHARE = 0.995;

/** The share of pixels that must be visible before anything is said about their colours. */
const SEEN_SHARE = 0.1;

/** Whether the camera's name says that it does not suit the check. @param {string} label */
export function isUnsuited(label) {
  return INFRARED.test(label) || AWAY.test(label);
}

/**
 * The camera to try next, `null` if there is none: the first whose name says nothing against it.
 * @param {Camera[]} cameras @param {ReadonlySet<string | null>} tried their ids
 */
export function nextCamera(cameras, tried) {
  return cameras.find(({ deviceId, label }) => !tried.has(deviceId) && !isUnsuited(label)) ?? null;
}

/** Whether a picture has no colours, as infrared cameras show it. A black picture says nothing.
 * @param {ArrayLike<number>} pixels RGBA */
export function isGrey(pixels) {
  let [seen, grey] = [0, 0];
  for (let at = 0; at + 3 < pixels.length; at += 4) {
    const [red = 0, green = 0, blue = 0] = [pixels[at], pixels[at + 1], pixels[at + 2]];
    const most = Math.max(red, green, blue);
    if (most < DARK) continue;
    seen += 1;
    if (most - Math.min(red, green, blue) <= GREY_SPREAD) grey += 1;
  }
  return seen > 0 && seen >= (pixels.length / 4) * SEEN_SHARE && grey >= seen * GREY_SHARE;
}
