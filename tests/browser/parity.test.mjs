// The browser's engine and the server's give the same readings for the same pixels, frame by frame.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { PNG } from 'pngjs';
import { portraitClip, recordedClip, skipWithout } from './lib/clips.mjs';
import { PROGRAM, ROOT } from './lib/paths.mjs';

/** Greatest difference in eye aspect ratio: the browser's kernels round twice where the server's round once. */
const TOLERANCE = 0.001;
const FPS = 25;

// Browsers have relaxed SIMD; older versions of Node have it behind this flag.
setFlagsFromString('--experimental-wasm-relaxed-simd');

const BUILDS = ['www/pkg', 'www/pkg-relaxed', 'www/pkg-baseline'];

for (const [who, clipOf] of [
  ['the free portrait', () => portraitClip()],
  ['a man with glasses', () => recordedClip('liveportrait__d13.mp4')],
]) {
  test(`native and WASM engines read ${who} alike`, async (t) => {
    const clip = clipOf();
    if (skipWithout(clip, t, who)) return;
    const folder = frames(clip);
    const native = nativeReports(folder);
    for (const build of BUILDS) {
      const { compared, greatest } = difference(native, await wasmReports(folder, join(ROOT, build)));
      console.log(`${who}, ${build}: ${compared} readings, greatest difference ${greatest.toFixed(5)}`);
      assert.ok(compared > 100, `only ${compared} readings`);
      assert.ok(greatest <= TOLERANCE, `${build}: greatest difference ${greatest}`);
    }
  });
}

/** How many ratios both have, and how far they are apart at most. Everything else must be equal. */
function difference(native, wasm) {
  assert.equal(wasm.length, native.length);
  let [greatest, compared] = [0, 0];
  native.forEach((expected, index) => {
    const got = wasm[index];
    for (const name of ['t_ms', 'faces', 'gate', 'state']) {
      assert.equal(got[name], expected[name], `frame ${index}: ${name}`);
    }
    for (const ear of ['ear_right', 'ear_left']) {
      if (expected[ear] === null) { assert.equal(got[ear], null); continue; }
      compared += 1;
      greatest = Math.max(greatest, Math.abs(got[ear] - expected[ear]));
    }
  });
  return { compared, greatest };
}

/** The clip's first three seconds as PNG files. */
function frames(clip) {
  const folder = `${clip}.frames`;
  if (!existsSync(folder)) {
    const part = `${folder}.part`;
    mkdirSync(part, { recursive: true });
    execFileSync('ffmpeg', [
      '-loglevel',
      'error',
      '-y',
      '-i',
      clip,
      '-t',
      '3',
      '-r',
      String(FPS),
      join(part, '%04d.png'),
    ]);
    renameSync(part, folder);
  }
  return folder;
}

function nativeReports(folder) {
  const lines = execFileSync(PROGRAM, ['replay', folder, '--runtime', 'compact', '--fps', String(FPS)], {
    maxBuffer: 1e8,
  })
    .toString()
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line)).filter((line) => 't_ms' in line);
}

async function wasmReports(folder, build) {
  const { default: init, Engine } = await import(join(build, 'engine_wasm.js'));
  const { memory } = await init({ module_or_path: readFileSync(join(build, 'engine_wasm_bg.wasm')) });
  const engine = new Engine(readFileSync(join(ROOT, 'models/networks.pack')));
  return readdirSync(folder).sort().map((name, index) => {
    const { data, width, height } = PNG.sync.read(readFileSync(join(folder, name)));
    const address = engine.frameAddress(width, height);
    new Uint8Array(memory.buffer, address, data.length).set(data);
    return JSON.parse(engine.push((index * 1000) / FPS));
  });
}
