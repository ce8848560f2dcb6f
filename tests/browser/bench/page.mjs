// The measurements inside the page. Every time is in milliseconds, on one thread.

const RUNS = 200;
/** Number of frames after which memory is compared. */
const MANY = 10_000;
const INTERVAL_MS = 40;

const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/**
 * Time from the arrival of the bytes to the first reading of a frame.
 * @param {string[]} names @returns {Promise<number>}
 */
export async function start([name]) {
  const [wasm, pack, frame, { default: init, Engine }] = await Promise.all([
    bytes('/pkg/engine_wasm_bg.wasm'), bytes('/models/networks.pack'), rgba(name), import('/pkg/engine_wasm.js'),
  ]);
  const began = performance.now();
  const { memory } = await init({ module_or_path: wasm });
  push(new Engine(pack), memory, frame, 0);
  return performance.now() - began;
}

/** Times of whole frames in the engine that the pages use, and its memory. @param {string[]} names */
export async function frames(names) {
  const { default: init, Engine } = await import('/pkg/engine_wasm.js');
  const { memory } = await init({ module_or_path: '/pkg/engine_wasm_bg.wasm' });
  const engine = new Engine(await bytes('/models/networks.pack'));
  const pictures = await Promise.all(names.map(rgba));
  const run = (index) => push(engine, memory, pictures[index % pictures.length], index * INTERVAL_MS);
  const warm = 20;
  for (let index = 0; index < warm; index++) run(index);
  const taken = Array.from({ length: RUNS }, (_, index) => timed(() => run(warm + index)));
  const memory_bytes = memory.buffer.byteLength;
  for (let index = warm + RUNS; index < MANY; index++) run(index);
  return { frame_ms: times(taken), memory_bytes, memory_bytes_after_10000_frames: memory.buffer.byteLength };
}

/** Both runtimes in turn, so that other load on the machine affects both. @param {string[]} names */
export async function runtimes(names) {
  const { default: init, Bench } = await import('/bench/bench.js');
  await init({ module_or_path: '/bench/bench_bg.wasm' });
  const onnx = await Promise.all(
    ['face_detector', 'mesh_trunk', 'eye_right', 'eye_left'].map((name) => bytes(`/models/${name}.onnx`)),
  );
  const subjects = { compact: Bench.compact(await bytes('/models/networks.pack')), tract: Bench.tract(...onnx) };
  const pictures = await Promise.all(names.map(rgba));
  const medians = (what) => {
    const both = inTurn(subjects, what);
    return { compact: both.compact.median, tract: both.tract.median };
  };
  return {
    detector_ms: medians((subject) => subject.detector()),
    trunk_eyes_ms: medians((subject) => subject.trunkAndEyes()),
    runtime_frame_ms: inTurn(subjects, (subject, index) => {
      const { data, width, height } = pictures[index % pictures.length];
      subject.frame(data, width, height, index * INTERVAL_MS);
    }),
  };
}

function inTurn(subjects, what) {
  const taken = { compact: [], tract: [] };
  for (let index = 0; index < RUNS + 20; index++) {
    for (const [name, subject] of Object.entries(subjects)) {
      const took = timed(() => what(subject, index));
      // The first runs execute code that is not optimised yet.
      if (index >= 20) taken[name].push(took);
    }
  }
  return { compact: times(taken.compact), tract: times(taken.tract) };
}

function timed(what) {
  const began = performance.now();
  what();
  return performance.now() - began;
}

/** @param {number[]} taken */
function times(taken) {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.round((sorted.length - 1) * share)];
  return { median: at(0.5), p95: at(0.95) };
}

function push(engine, memory, { data, width, height }, t_ms) {
  // The address first: memory may move while it is allocated.
  const address = engine.frameAddress(width, height);
  new Uint8Array(memory.buffer, address, data.length).set(data);
  return engine.push(t_ms);
}

/** A picture's pixels. @param {string} name @returns {Promise<ImageData>} */
async function rgba(name) {
  const bitmap = await createImageBitmap(await (await fetch(`/frames/${name}`)).blob());
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}
