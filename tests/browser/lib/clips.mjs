// Clips for Chromium's fake camera: Y4M, 640×480, header "C420".
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
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

/** How many frames a clip has: in Y4M a header line, then for each frame a line and the planes of 640×480 in 4:2:0. */
export function framesIn(clip) {
  const frame = 'FRAME\n'.length + 640 * 480 * 1.5;
  return Math.floor(statSync(clip).size / frame);
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
