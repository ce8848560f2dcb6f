// A person who does what the page asks: a camera stream of recorded frames, arranged to answer the prompts on screen
// with a person's latency, and of one frame that clip-maker turns to both sides. The page, its engine and the server
// are the real ones.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portraitClip, recordedClip } from './clips.mjs';
import { CLIP_MAKER, ROOT } from './paths.mjs';

/** Frame numbers in the clip: first and last with open eyes, first and last of one blink, and its deepest. */
const PORTRAIT = { open: [0, 46], blink: [48, 61], deepest: 53 };
const RECORDED = {
  'liveportrait__d13.mp4': { open: [112, 300], blink: [99, 110], deepest: 104 },
  'videoretalking__4.mp4': { open: [95, 122], blink: [123, 131], deepest: 126 },
};

/** Degrees of the turned frames to each side. The engine reads nine tenths of them. */
const TURN_DEG = [3, 6, 9, 12, 15, 18, 21, 24];

/** The free portrait as frames for {@link answerPrompts}. */
export function portraitPerson() {
  return person(portraitClip(), PORTRAIT);
}

/** A person of the shared material, or `null` if that is absent. */
export function recordedPerson(name) {
  const clip = recordedClip(name);
  return clip === null ? null : person(clip, RECORDED[name]);
}

function person(clip, { open, blink, deepest }) {
  const folder = mkdtempSync(join(tmpdir(), 'blinkgate-person-'));
  const base64 = (/** @type {string} */ name) => readFileSync(join(folder, name)).toString('base64');
  const range = ([from, to]) => {
    const select = ['-vf', `select=between(n\\,${from}\\,${to})`, '-fps_mode', 'passthrough', '-q:v', '2'];
    const output = join(folder, `${from}-%04d.jpg`);
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', '-i', clip, ...select, output]);
    return readdirSync(folder)
      .filter((name) => name.startsWith(`${from}-`))
      .sort()
      .map(base64);
  };
  /** The middle one of the open frames, turned further and further: to the person's own left, and to their right. */
  const turns = () => {
    const middle = `${open[0]}-${String(1 + Math.round((open[1] - open[0]) / 2)).padStart(4, '0')}.jpg`;
    mkdirSync(join(folder, 'turned'));
    const angles = [...TURN_DEG, ...TURN_DEG.map((degrees) => -degrees)].join(',');
    const options = [`--yaw=${angles}`, '--models', join(ROOT, 'models')];
    execFileSync(CLIP_MAKER, ['turn', join(folder, middle), join(folder, 'turned'), ...options]);
    const side = (/** @type {number} */ sign) => TURN_DEG.map((degrees) => base64(`turned/${sign * degrees}.jpg`));
    return { left: side(1), right: side(-1) };
  };
  const frames = { open: range(open), blink: range(blink), deepest: deepest - blink[0], ...turns() };
  rmSync(folder, { recursive: true });
  return frames;
}

/** Puts the person in front of the camera of every page opened from now on. `mistakes`: gestures answered wrongly. */
export async function answerPrompts(context, frames, { mistakes = 0 } = {}) {
  await context.addInitScript(camera, { frames, mistakes });
}

/** Runs in a page, and puts the person in front of its camera. Not asked for gestures, they blink every few seconds. */
export function camera({ frames, mistakes = 0 }) {
  /** Frames per second, as of a webcam in a dim room. Leaves more of the machine to the test beside this one. */
  const CAMERA_RATE = 20;
  navigator.mediaDevices.getUserMedia = async () => {
    const bitmap = async (/** @type {string} */ base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
    };
    const open = await Promise.all(frames.open.map(bitmap));
    const blink = await Promise.all(frames.blink.map(bitmap));
    const sides = {
      ask_turn_left: await Promise.all(frames.left.map(bitmap)),
      ask_turn_right: await Promise.all(frames.right.map(bitmap)),
    };
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    // Parts are read back.
    const context = canvas.getContext('2d', { willReadFrequently: true });
    let [clock, answered, due_ms] = [0, '', Infinity];
    /** Frames to show next. @type {ImageBitmap[]} */
    let script = [];
    let held = false;
    const asked = () => document.querySelector('#hint')?.getAttribute('data-code') ?? '';
    const latency = () => 250 + Math.random() * 450;
    const resting = { code: '', side: [], from_ms: Infinity, back_ms: Infinity };
    /** The turn under way: the cue, its frames, and when it begins and ends. */
    let turn = resting;
    const TURNING_MS = 400;
    const eased = (/** @type {number} */ x) => (1 - Math.cos(Math.PI * Math.min(1, Math.max(0, x)))) / 2;
    /** The frame of the turn that is asked for or under way, if there is one. @param {string} code */
    const turned = (code) => {
      const now = performance.now();
      if (code in sides && code !== turn.code) {
        const other = code === 'ask_turn_left' ? 'ask_turn_right' : 'ask_turn_left';
        // A wrong answer goes to the other side.
        turn = { code, side: sides[mistakes > 0 ? other : code], from_ms: now + latency(), back_ms: Infinity };
        mistakes -= 1;
      }
      if (turn.code === '') return null;
      if (turn.back_ms === Infinity && code === 'ask_turn_back') turn.back_ms = now + 200 + Math.random() * 400;
      // Another gesture is asked for: the person gives up.
      if (turn.back_ms === Infinity && /^ask_(wait|fetch|once|twice|hold)$/.test(code)) turn.back_ms = now;
      const share = eased((now - turn.from_ms) / TURNING_MS) * (1 - eased((now - turn.back_ms) / TURNING_MS));
      const { side } = turn;
      if (now > turn.back_ms + TURNING_MS) turn = resting;
      const step = Math.round(share * side.length);
      return step > 0 ? side[step - 1] : null;
    };
    /** The blink with its lids closed for this many frames more. @param {number} count */
    const longer = (count) => blink.toSpliced(frames.deepest, 0, ...Array(count).fill(blink[frames.deepest]));
    // Whoever is asked to blink closes their eyes for longer than by themselves. Also seen where few frames are read.
    const deliberate = longer(4);
    const next = () => {
      const code = asked();
      if (script.length > 0) return script.shift();
      const side = turned(code);
      if (side !== null) return side;
      if (held) {
        if (code === 'ask_hold') return blink[frames.deepest];
        if (code === 'ask_tone' && due_ms === Infinity) due_ms = performance.now() + latency();
        if (code === 'ask_tone' && performance.now() < due_ms) return blink[frames.deepest];
        [held, due_ms, script] = [false, Infinity, blink.slice(frames.deepest)];
        return blink[frames.deepest];
      }
      if (!/^(blink|ask_(once|twice|hold))$/.test(code)) [answered, due_ms] = ['', Infinity];
      else if (answered !== code) [answered, due_ms] = [code, performance.now() + latency()];
      if (performance.now() >= due_ms) {
        due_ms = Infinity;
        // A wrong answer takes too long for `once`, and has one blink too few for the others.
        const wrong = mistakes > 0;
        mistakes -= 1;
        if (code === 'ask_twice') script = [...deliberate, ...open.slice(0, 4), ...deliberate];
        else if (wrong && code === 'ask_once') script = longer(44);
        else if (code === 'ask_hold' && !wrong) [held, script] = [true, blink.slice(0, frames.deepest)];
        else script = [...deliberate];
        if (wrong && code === 'ask_twice') script = [...deliberate];
        if (code === 'blink') {
          script = longer(7);
          due_ms = performance.now() + 3000;
        }
      }
      clock += 1;
      const period = 2 * open.length - 2;
      const at = clock % period;
      return open[at < open.length ? at : period - at];
    };
    const noise = context.createImageData(64, 64);
    // The recording goes on at its own speed, however seldom a busy machine lets the camera deliver a frame.
    const RECORDED_MS = 1000 / 30;
    let [frame, at_ms] = [next(), performance.now()];
    setInterval(() => {
      for (; at_ms + RECORDED_MS <= performance.now(); at_ms += RECORDED_MS) frame = next();
      context.drawImage(frame, 0, 0);
      // No two frames of a camera are the same.
      const at = context.getImageData(288, 208, 64, 64);
      for (let i = 0; i < noise.data.length; i += 1) {
        noise.data[i] = i % 4 === 3 ? 255 : at.data[i] + Math.random() * 5 - 2;
      }
      context.putImageData(noise, 288, 208);
    }, 1000 / CAMERA_RATE);
    return canvas.captureStream(CAMERA_RATE);
  };
}
