// Sizes and times in a real Chromium, as one JSON document on standard output. Called by scripts/bench, which builds
// everything this needs: main.mjs FRAMES PACKAGE, a folder of PNG or JPEG pictures and the package of crate `bench`.
import { once } from 'node:events';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { portraitClip } from '../lib/clips.mjs';
import { ROOT } from '../lib/paths.mjs';
import { startProxy } from '../lib/proxy.mjs';
import { startServer } from '../lib/server.mjs';
import { comeToCamera, openVisitor, screen } from '../lib/visitor.mjs';

const [frames, benchPackage] = process.argv.slice(2);
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
};
const isEngine = (path) => /^\/(pkg|models)\//.test(path);
const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);

const report = { ...(await traffic()), assets: assets(), browser: await times() };
console.log(JSON.stringify(report));

/** Bytes transferred when a person visits for the first time, is verified, and visits again. */
async function traffic() {
  const proxy = await startProxy();
  const server = await startServer({ APP_BASE_URL: proxy.base });
  proxy.aim(server.base);
  const visitor = await openVisitor({ clip: portraitClip() });
  try {
    const { page } = visitor;
    await comeToCamera(visitor, { ...server, base: proxy.base });
    await screen(page, ['priming']);
    await page.click('#start');
    const end = await screen(page, ['verified', 'failed', 'error'], 120_000);
    if (end !== 'verified') throw new Error(`the visit ended with '${end}'`);
    const isPart = ({ path, status }) => status === 200 && /^\/((assets|pkg|models)\/|sw\.js|camera)/.test(path);
    const first = proxy.sent.filter(isPart);
    const uploads = visitor.requests.filter(
      (request) => request.method() !== 'GET' && new URL(request.url()).pathname.startsWith('/api/submission'),
    );
    const lengths = await Promise.all(
      uploads.map(async (request) => Number((await request.allHeaders())['content-length'])),
    );
    const again = proxy.sent.length;
    await page.goto(`${proxy.base}/camera`);
    await page.waitForTimeout(2_000);
    return {
      first_load_brotli_bytes: sum(first.map(({ bytes }) => bytes)),
      engine_wasm_brotli_bytes: sum(first.filter(({ path }) => path.endsWith('.wasm')).map(({ bytes }) => bytes)),
      second_visit_bytes: sum(proxy.sent.slice(again).filter(({ path }) => isEngine(path)).map(({ bytes }) => bytes)),
      upload_bytes: sum(lengths),
    };
  } finally {
    await visitor.close();
    await server.stop();
    await proxy.stop();
  }
}

/** Raw and compressed sizes of the engine's files. */
function assets() {
  const files = [
    'www/pkg-relaxed/engine_wasm_bg.wasm',
    'www/pkg-relaxed/engine_wasm.js',
    'www/pkg/engine_wasm_bg.wasm',
    'www/pkg-baseline/engine_wasm_bg.wasm',
    'models/networks.pack',
  ];
  const brotli = (bytes) =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 } })
      .length;
  return Object.fromEntries(files.map((file) => {
    const bytes = readFileSync(join(ROOT, file));
    return [file, { raw: bytes.length, brotli: brotli(bytes) }];
  }));
}

/** Times of the engine in its own page. */
async function times() {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://localhost:${server.address().port}`;
  const visitor = await openVisitor({});
  try {
    const ask = async (what) => {
      // A fresh page each time, so that code compiled earlier does not help.
      await visitor.page.goto(`${base}/page.html`);
      return visitor.page.evaluate(
        async ([name, files]) => (await import('/page.mjs'))[name](files),
        [what, pictures()],
      );
    };
    const starts = [];
    for (let run = 0; run < 5; run++) starts.push(await ask('start'));
    starts.sort((a, b) => a - b);
    return { start_ms: starts[2], ...(await ask('frames')), ...(await ask('runtimes')) };
  } finally {
    await visitor.close();
    server.close();
  }
}

function pictures() {
  return readdirSync(frames).filter((name) => ['.png', '.jpg', '.jpeg'].includes(extname(name).toLowerCase())).sort();
}

/**
 * Files of this folder, the packages, the models and the frames; nothing else. The engine is the build for Chromium.
 */
function serve(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const folders = { pkg: join(ROOT, 'www/pkg-relaxed'), bench: benchPackage, models: join(ROOT, 'models'), frames };
  const [, folder, name] = /^\/(?:([a-z]+)\/)?([\w.-]+)$/.exec(pathname) ?? [];
  const file = name && join(folder ? (folders[folder] ?? '') : import.meta.dirname, basename(name));
  if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  // The clock of an isolated page has a resolution of 5 µs instead of 100.
  response.writeHead(200, {
    'content-type': TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  createReadStream(file).pipe(response);
}
