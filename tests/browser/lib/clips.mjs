// Clips for Chromium's fake camera: Y4M, 640×480, header "C420".
import { execFileSync } from 'node:child_process';
import {
  closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CLIP_MAKER, MATERIAL, ROOT, SCRATCH } from './paths.mjs';

/** The free portrait, blinking or not, alone or next to a copy of itself. */
export function portraitClip({ blinks = true, twice = false } = {}) {
  // Another build of the clip maker may make another clip.
  const build = Math.round(statSync(CLIP_MAKER).mtimeMs);
  const single = cached(`portrait-${blinks ? 'blinks' : 'open'}-${build}.y4m`, (file) => {
    const portrait = join(ROOT, 'tools', 'clip-maker', 'astronaut.png');
    const options = ['--portrait', portrait, '--models', join(ROOT, 'models'), ...(blinks ? [] : ['--no-blink'])];
    execFileSync(CLIP_MAKER, [file, ...options]);
  });
  if (!twice) return single;
  const beside = 'crop=320:480,split[a][b];[a][b]hstack';
  return cached(`portrait-twice-${build}.y4m`, (file) => convert(single, file, beside));
}

/** A recording from the shared material, or `null` if that is absent. */
export function recordedClip(name) {
  if (MATERIAL === null) return null;
  const fit = 'scale=640:480:force_original_aspect_ratio=decrease:flags=bicubic,pad=640:480:-1:-1';
  return cached(`${name}.y4m`, (file) => convert(join(MATERIAL, 'videos', name), file, fit));
}

/**
 * The film that passed before heads had to turn: the free portrait, eyes open for 2.2 s and closed for 1.6 s, with a
 * camera's noise. One round of it; the fake camera repeats it.
 */
export function loopedPortrait() {
  const clip = portraitClip();
  return cached(`portrait-loop-${Math.round(statSync(clip).mtimeMs)}.y4m`, (file) => {
    const range = (/** @type {number} */ from, /** @type {number} */ to) =>
      Array.from({ length: to - from }, (_, i) => from + i);
    // At 30 frames a second; frame 53 is the one whose eyes are closed furthest.
    const open = range(0, 46).concat(range(26, 46).reverse());
    const numbers = [...open, ...range(48, 53), ...Array(43).fill(53), ...range(54, 62)];
    writeFileSync(`${file}.frames`, framesOf(clip, numbers));
    convert(`${file}.frames`, file, 'noise=alls=7:allf=t');
    rmSync(`${file}.frames`);
  });
}

/** A clip of these frames of another one, in this order. @param {string} clip @param {number[]} numbers */
function framesOf(clip, numbers) {
  const bytes = readFileSync(clip);
  const header = bytes.indexOf('\n') + 1;
  return Buffer.concat([
    bytes.subarray(0, header),
    ...numbers.map((number) => bytes.subarray(header + number * FRAME_BYTES, header + (number + 1) * FRAME_BYTES)),
  ]);
}

/** In Y4M, after a header line, each frame is a line and the planes of 640×480 in 4:2:0. */
const FRAME_BYTES = 'FRAME\n'.length + 640 * 480 * 1.5;

/**
 * Copies a clip with fresh camera noise in every frame. Pictures that were sent before are refused, and no two people
 * ever send the same ones.
 * @param {string} clip @param {string} file
 */
export function filmAnew(clip, file) {
  const bytes = readFileSync(clip);
  for (let frame = bytes.indexOf('\n') + 1; frame < bytes.length; frame += FRAME_BYTES) {
    const pixels = frame + 'FRAME\n'.length;
    // One pixel in about 64, and so hundreds in every face.
    for (let at = 0; at < 640 * 480; at += 1 + Math.floor(Math.random() * 127)) {
      bytes[pixels + at] = Math.min(255, Math.max(0, bytes[pixels + at] + Math.floor(Math.random() * 5) - 2));
    }
  }
  writeFileSync(file, bytes);
}

/** How many frames a clip has. */
export function framesIn(clip) {
  return Math.floor(statSync(clip).size / FRAME_BYTES);
}

/** Skips a test, and says so, if its recording is absent. @param {{skip: (why: string) => void}} test */
export function skipWithout(clip, test, who) {
  if (clip !== null) return false;
  console.log(`SKIPPED: ${who}: the shared material is absent`);
  test.skip('the shared material is absent');
  return true;
}

function cached(name, make) {
  const file = join(SCRATCH, name);
  if (!existsSync(file)) {
    // Test files run in parallel.
    const part = `${file}.${process.pid}.part`;
    make(part);
    renameSync(part, file);
  }
  return file;
}

function convert(source, file, filter) {
  const format = ['-pix_fmt', 'yuv420p', '-f', 'yuv4mpegpipe'];
  const options = ['-loglevel', 'error', '-y', '-i', source, '-vf', filter, ...format];
  execFileSync('ffmpeg', [...options, `${file}.raw`]);
  plainHeader(`${file}.raw`, file);
  rmSync(`${file}.raw`);
}

/** ffmpeg writes "C420mpeg2 XYSCSS=…", which Chromium does not accept. */
function plainHeader(source, file) {
  const bytes = readFileSync(source);
  const end = bytes.indexOf('\n');
  const header = bytes.subarray(0, end).toString().replace(/C420\S*/, 'C420').replace(/ X\S+/g, '');
  const out = openSync(file, 'w');
  writeSync(out, `${header}`);
  writeSync(out, bytes, end);
  closeSync(out);
}
