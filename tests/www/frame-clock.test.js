// @ts-check
/** Frame times from simulated cameras and browsers whose clocks are missing, frozen, coarse or wrong. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { NO_FRAMES, tick } from '../../www/assets/frame-clock.js';
import { pumpFrames } from '../../www/assets/frames.js';
import { Pace } from '../../www/assets/pace.js';

/** @typedef {import('../../www/assets/frame-clock.js').Heard} Heard */
/** What a browser says about the picture taken at `true_ms`. @typedef {(true_ms: number) => Heard} Browser */

/** Where the page's clock is when the camera starts, and where the media clock is then. */
const START_MS = 10_000;
const MEDIA_MS = 9_300;

/** From the light falling in to the page hearing of it: transport, plus waiting for the display. */
const TRANSPORT_MS = 40;

/** The display's period: pages hear of frames in its beat. */
const DISPLAY_MS = 1000 / 60;

/** A number from 0 to 1 that looks random and is the same in every run. @param {number} seed */
function noise(seed) {
  const wave = Math.sin(seed * 12.9898) * 43_758.5453;
  return wave - Math.floor(wave);
}

/** When the page hears of a frame. @param {number} true_ms */
const heard = (true_ms) => Math.ceil((true_ms + TRANSPORT_MS + 5 * noise(true_ms)) / DISPLAY_MS) * DISPLAY_MS;

/** The page's clock rounded down, as browsers do that resist fingerprinting. @param {number} ms */
const coarse = (ms) => Math.floor(ms / 100) * 100;

/** The media time of a browser in which it works. @param {number} true_ms */
const media = (true_ms) => true_ms - MEDIA_MS;

/**
 * The frames that are taken: their times, and when the camera really took them.
 * @param {Browser} browser @param {number[]} [taken] when the camera takes pictures
 */
function play(browser, taken = camera(200)) {
  let clock = NO_FRAMES;
  return taken.flatMap((true_ms) => {
    clock = tick(clock, browser(true_ms));
    return clock.t_ms === null ? [] : [{ t_ms: clock.t_ms, true_ms }];
  });
}

/** When a camera takes pictures, out of step with the display. @param {number} count @param {number} [rate] */
function camera(count, rate = 29.4) {
  return Array.from({ length: count }, (_, index) => START_MS + (index * 1000) / rate);
}

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/**
 * How far times are from the true ones. A delay that all of them share shifts nothing.
 * @param {ReturnType<play>} frames
 */
function errors(frames) {
  const delays = frames.map(({ t_ms, true_ms }) => t_ms - true_ms);
  const shared_ms = median(delays);
  return delays.map((delay_ms) => Math.abs(delay_ms - shared_ms));
}

/** @param {ReturnType<play>} frames */
const steps = (frames) => frames.slice(1).map(({ t_ms }, index) => t_ms - (frames[index]?.t_ms ?? NaN));

/** Pictures with a pause of two seconds. */
const withGap = [...camera(100), ...camera(100).map((ms) => ms + 100 * (1000 / 30) + 2000)];

/**
 * `typical_ms`, `worst_ms`: the most that half of the frames, and any frame, may be off; `skipped`: the most frames
 * that may be lost.
 * @type {{about: string, browser: Browser, taken?: number[], typical_ms: number, worst_ms: number, skipped: number}[]}
 */
const CASES = [
  {
    about: 'every clock works',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: ms, media_ms: media(ms), presentation_ms: heard(ms) - 3 }),
    typical_ms: 0.1, worst_ms: 60, skipped: 2,
  },
  {
    about: 'there is a media time only',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) }),
    typical_ms: 1, worst_ms: 10, skipped: 0,
  },
  {
    about: 'there is the page’s clock only',
    browser: (ms) => ({ now_ms: heard(ms) }),
    typical_ms: 5, worst_ms: 12, skipped: 0,
  },
  {
    about: 'media time is always 0, as in WebKit',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: 0 }),
    typical_ms: 5, worst_ms: 12, skipped: 0,
  },
  {
    about: 'media time is always 0 and the presentation time is steadier than the page’s clock',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: 0, presentation_ms: ms + TRANSPORT_MS + 2 * noise(ms) }),
    typical_ms: 1, worst_ms: 10, skipped: 0,
  },
  {
    about: 'media time is always 0 and the capture time works, as in Safari',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: ms, media_ms: 0 }),
    typical_ms: 0.1, worst_ms: 60, skipped: 2,
  },
  {
    about: 'every time but the page’s is always 0',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: 0, media_ms: 0, presentation_ms: 0 }),
    typical_ms: 5, worst_ms: 12, skipped: 0,
  },
  {
    about: 'times are not numbers',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: Infinity, media_ms: NaN, presentation_ms: null }),
    typical_ms: 5, worst_ms: 12, skipped: 0,
  },
  {
    about: 'media time freezes after three seconds',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(Math.min(ms, START_MS + 3000)) }),
    typical_ms: 5, worst_ms: 30, skipped: 5,
  },
  {
    about: 'media time freezes for a second and goes on from there',
    browser: (ms) => {
      const since_ms = ms - START_MS;
      return { now_ms: heard(ms), media_ms: media(ms - Math.min(1000, Math.max(0, since_ms - 2000))) };
    },
    typical_ms: 5, worst_ms: 12, skipped: 5,
  },
  {
    about: 'capture time freezes after three seconds',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: Math.min(ms, START_MS + 3000) }),
    typical_ms: 5, worst_ms: 60, skipped: 6,
  },
  {
    about: 'capture time comes and goes',
    browser: (ms) => {
      const capture_ms = (ms - START_MS) % 2000 < 1500 ? ms : null;
      return { now_ms: heard(ms), capture_ms, media_ms: media(ms) };
    },
    typical_ms: 1, worst_ms: 60, skipped: 2,
  },
  {
    about: 'capture times count from 1970',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: ms + 1.7e12, media_ms: media(ms) }),
    typical_ms: 1, worst_ms: 10, skipped: 0,
  },
  {
    about: 'media time drifts by one percent',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) * 1.01 }),
    typical_ms: 5, worst_ms: 20, skipped: 0,
  },
  {
    about: 'media time creeps by one millisecond a frame',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) * 0.03 }),
    typical_ms: 5, worst_ms: 12, skipped: 0,
  },
  {
    about: 'media time jumps back every two seconds',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: (ms - START_MS) % 2000 }),
    typical_ms: 1, worst_ms: 12, skipped: 0,
  },
  {
    about: 'media time jumps back by a quarter of a second',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) - (ms > START_MS + 3000 ? 250 : 0) }),
    typical_ms: 1, worst_ms: 12, skipped: 0,
  },
  {
    about: 'media time jumps ahead by a minute',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) + (ms > START_MS + 3000 ? 60_000 : 0) }),
    typical_ms: 1, worst_ms: 12, skipped: 0,
  },
  {
    about: 'capture time jumps back by half a second',
    browser: (ms) => ({ now_ms: heard(ms), capture_ms: ms - (ms > START_MS + 3000 ? 500 : 0) }),
    typical_ms: 5, worst_ms: 60, skipped: 2,
  },
  {
    about: 'no picture comes for two seconds',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) }),
    taken: withGap,
    typical_ms: 1, worst_ms: 12, skipped: 0,
  },
  {
    about: 'no picture comes for two seconds, during which media time stops',
    browser: (ms) => ({ now_ms: heard(ms), media_ms: media(ms) - (ms > START_MS + 4000 ? 2000 : 0) }),
    taken: withGap,
    typical_ms: 1, worst_ms: 12, skipped: 0,
  },
  {
    about: 'the page is slow and hears of every tenth frame 300 ms late',
    browser: (ms) => {
      const late_ms = Math.round((ms - START_MS) * 0.003) % 10 === 9 ? 300 : 0;
      return { now_ms: heard(ms) + late_ms, media_ms: media(ms) };
    },
    taken: camera(100, 3),
    typical_ms: 5, worst_ms: 30, skipped: 0,
  },
  {
    about: 'the page’s clock is coarse and media time works',
    browser: (ms) => ({ now_ms: coarse(heard(ms)), media_ms: media(ms) }),
    typical_ms: 5, worst_ms: 60, skipped: 10,
  },
  {
    about: 'the page’s clock is coarse and media time stands still: a frame for each of its steps',
    browser: (ms) => ({ now_ms: coarse(heard(ms)), media_ms: 0 }),
    typical_ms: 12, worst_ms: 45, skipped: 135,
  },
  {
    about: 'every clock is coarse',
    browser: (ms) => ({ now_ms: coarse(heard(ms)), capture_ms: coarse(ms), media_ms: coarse(media(ms)) }),
    typical_ms: 12, worst_ms: 80, skipped: 135,
  },
];

for (const { about, browser, taken = camera(200), typical_ms, worst_ms, skipped } of CASES) {
  test(`frame times are right when ${about}`, () => {
    const frames = play(browser, taken);
    const off = errors(frames);
    assert.ok(median(off) <= typical_ms, `half of the frames are more than ${median(off)} ms off`);
    assert.ok(Math.max(...off) <= worst_ms, `a frame is ${Math.max(...off)} ms off`);
    assert.ok(taken.length - frames.length <= skipped, `${taken.length - frames.length} frames were skipped`);
    assert.ok(Math.min(...steps(frames)) >= 5, `two frames are ${Math.min(...steps(frames))} ms apart`);
  });
}

test('capture times are taken as they are, and what replaces them goes on from there', () => {
  const gone_ms = START_MS + 3000;
  const frames = play((ms) => ({ now_ms: heard(ms), capture_ms: ms < gone_ms ? ms : null, media_ms: 0 }));
  const settled = frames.filter(({ true_ms }) => true_ms > START_MS + 600);
  const delays = (/** @type {boolean} */ gone) =>
    settled.filter(({ true_ms }) => true_ms >= gone_ms === gone).map(({ t_ms, true_ms }) => t_ms - true_ms);
  assert.ok(delays(false).every((delay_ms) => delay_ms === 0));
  // The page hears of frames 40 to 65 ms late.
  assert.ok(Math.abs(median(delays(true))) < 5, `${median(delays(true))} ms`);
});

test('a picture that is shown twice is taken once', () => {
  let clock = NO_FRAMES;
  let repeated = 0;
  for (const [index, true_ms] of camera(200).entries()) {
    const now_ms = heard(true_ms);
    clock = tick(clock, { now_ms, media_ms: media(true_ms) });
    assert.notEqual(clock.t_ms, null, `picture ${index}`);
    if (true_ms < START_MS + 1000 || index % 3 > 0) continue;
    clock = tick(clock, { now_ms: now_ms + DISPLAY_MS, media_ms: media(true_ms) });
    assert.equal(clock.t_ms, null, `picture ${index}, again`);
    repeated += 1;
  }
  assert.ok(repeated > 50);
});

test('frames are paced by their own times, also when the page’s clock is coarse', async () => {
  Object.assign(globalThis, { OffscreenCanvas: class {}, createImageBitmap: async () => ({ close() {} }) });
  /** @type {((now_ms: number, metadata: object) => void)[]} */
  let callbacks = [];
  const video = /** @type {any} */ ({
    readyState: 4, HAVE_CURRENT_DATA: 2, videoWidth: 640, videoHeight: 480,
    requestVideoFrameCallback: (/** @type {any} */ step) => callbacks.push(step),
  });
  /** @type {number[]} */
  const times = [];
  const lasting = new AbortController();
  const take = async (/** @type {{t_ms: number}} */ { t_ms }) => { times.push(t_ms); };
  const fail = () => assert.fail('the camera works');
  pumpFrames(video, { pace: new Pace(1000 / 15), take, silent: fail, failed: fail }, lasting.signal);
  for (const true_ms of camera(300, 30)) {
    const due = callbacks;
    callbacks = [];
    for (const step of due) step(coarse(heard(true_ms)), { mediaTime: media(true_ms) / 1000 });
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  lasting.abort();
  for (const name of ['OffscreenCanvas', 'createImageBitmap']) Reflect.deleteProperty(globalThis, name);
  const settled = times.filter((t_ms) => t_ms > START_MS + 2000);
  // Eight seconds with 15 frames each. The coarse clock alone would let ten pass.
  assert.ok(Math.abs(settled.length - 120) <= 4, `${settled.length} frames`);
});
