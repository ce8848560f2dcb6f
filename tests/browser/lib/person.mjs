// A person who does what the page asks: a camera stream of recorded frames, arranged to answer the prompts on screen
// with a person's latency. The page, its engine and the server are the real ones.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portraitClip, recordedClip } from './clips.mjs';

/** Frame numbers in the clip: first and last with open eyes, first and last of one blink, and its deepest. */
const PORTRAIT = { open: [0, 46], blink: [48, 61], deepest: 53 };
const RECORDED = {
  'liveportrait__d13.mp4': { open: [112, 300], blink: [99, 110], deepest: 104 },
  'videoretalking__4.mp4': { open: [95, 122], blink: [123, 131], deepest: 126 },
};

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
  const range = ([from, to]) => {
    const select = ['-vf', `select=between(n\\,${from}\\,${to})`, '-fps_mode', 'passthrough', '-q:v', '2'];
    const output = join(folder, `${from}-%04d.jpg`);
    execFileSync('ffmpeg', ['-loglevel', 'error', '-y', '-i', clip, ...select, output]);
    return readdirSync(folder)
      .filter((name) => name.startsWith(`${from}-`))
      .sort()
      .map((name) => readFileSync(join(folder, name)).toString('base64'));
  };
  const frames = { open: range(open), blink: range(blink), deepest: deepest - blink[0] };
  rmSync(folder, { recursive: true });
  return frames;
}

/** Puts the person in front of the camera of every page opened from now on. `mistakes`: gestures answered wrongly. */
export async function answerPrompts(context, frames, { mistakes = 0 } = {}) {
  await context.addInitScript(camera, { frames, mistakes });
}

/** Runs in the page. */
function camera({ frames, mistakes }) {
  navigator.mediaDevices.getUserMedia = async () => {
    const bitmap = async (/** @type {string} */ base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      return createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
    };
    const open = await Promise.all(frames.open.map(bitmap));
    const blink = await Promise.all(frames.blink.map(bitmap));
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
    const context = canvas.getContext('2d');
    let [clock, answered, due_ms] = [0, '', Infinity];
    /** Frames to show next. @type {ImageBitmap[]} */
    let script = [];
    let held = false;
    const asked = () => document.querySelector('#hint')?.getAttribute('data-code') ?? '';
    const latency = () => 250 + Math.random() * 450;
    const next = () => {
      const code = asked();
      if (script.length > 0) return script.shift();
      if (held) {
        if (code === 'ask_hold') return blink[frames.deepest];
        if (code === 'ask_tone' && due_ms === Infinity) due_ms = performance.now() + latency();
        if (code === 'ask_tone' && performance.now() < due_ms) return blink[frames.deepest];
        [held, due_ms, script] = [false, Infinity, blink.slice(frames.deepest)];
        return blink[frames.deepest];
      }
      if (!/^ask_(once|twice|hold)$/.test(code)) [answered, due_ms] = ['', Infinity];
      else if (answered !== code) [answered, due_ms] = [code, performance.now() + latency()];
      if (performance.now() >= due_ms) {
        due_ms = Infinity;
        // A wrong answer has one blink too many for `once`, and one too few for the others.
        const wrong = mistakes > 0;
        mistakes -= 1;
        if (code === 'ask_twice' || (wrong && code === 'ask_once')) script = [...blink, ...open.slice(0, 4), ...blink];
        else if (code === 'ask_hold' && !wrong) [held, script] = [true, blink.slice(0, frames.deepest)];
        else script = [...blink];
        if (wrong && code === 'ask_twice') script = [...blink];
      }
      clock += 1;
      const period = 2 * open.length - 2;
      const at = clock % period;
      return open[at < open.length ? at : period - at];
    };
    const noise = context.createImageData(64, 64);
    setInterval(() => {
      context.drawImage(next(), 0, 0);
      // No two frames of a camera are the same.
      const at = context.getImageData(288, 208, 64, 64);
      for (let i = 0; i < noise.data.length; i += 1) {
        noise.data[i] = i % 4 === 3 ? 255 : at.data[i] + Math.random() * 5 - 2;
      }
      context.putImageData(noise, 288, 208);
    }, 33);
    return canvas.captureStream(30);
  };
}
