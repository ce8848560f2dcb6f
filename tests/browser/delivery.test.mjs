// How engine and models reach the browser: small, once, undamaged, and again after an update of the server.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import ts from 'typescript';
import { portraitClip } from './lib/clips.mjs';
import { startProxy } from './lib/proxy.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, messageCode, openVisitor, screen } from './lib/visitor.mjs';

/** Bytes that may be downloaded before the first reading, in any language, and the engine's share of them. */
const FIRST_LOAD = 900_000;
const ENGINE = 150_000;

const ASSETS = new URL('../../www/assets', import.meta.url).pathname;

/** The language that takes most bytes. */
const [LONGEST] = readdirSync(join(ASSETS, 'locales'))
  .map((file) => ({ tag: file.replace('.json', ''), text: readFileSync(join(ASSETS, 'locales', file)) }))
  .sort((a, b) => brotliCompressSync(b.text).length - brotliCompressSync(a.text).length)
  .map(({ tag }) => tag);

/** Addresses that name their content. */
const BY_CONTENT = /^\/(assets|pkg|models)\/[0-9a-f]{16}\/./;
const isEngine = (path) => /^\/(pkg|models)\//.test(path);

let server;
let proxy;
before(async () => {
  proxy = await startProxy();
  server = await startServer({ APP_BASE_URL: proxy.base });
  proxy.aim(server.base);
});
afterEach(() => proxy.alter({}));
after(async () => {
  await server?.stop();
  await proxy?.stop();
});

/**
 * The tokens of a script, without comments.
 * @param {string} text
 */
function tokens(text) {
  const file = ts.createSourceFile('script.js', text, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const found = [];
  const walk = (/** @type {ts.Node} */ node) => {
    if (ts.isJSDoc(node)) return;
    const parts = node.getChildren(file);
    if (parts.length === 0) found.push(node.getText(file));
    parts.forEach(walk);
  };
  walk(file);
  return found;
}

/** Opens the camera page's first screen through the proxy and runs `steps`. */
async function visit(steps, { prepare, ...options } = {}) {
  const visitor = await openVisitor({ clip: portraitClip({ blinks: false }), ...options });
  try {
    await prepare?.(visitor);
    const { page } = visitor;
    await comeToCamera(visitor, { ...server, base: proxy.base });
    await screen(page, ['priming']);
    await steps(page, visitor);
    assert.deepEqual(visitor.errors, [], 'the console reported errors');
  } finally {
    await visitor.close();
  }
}

/** Presses the button and waits until the engine reads frames. */
async function begin(page) {
  await page.click('#start');
  assert.equal(
    await screen(page, ['align', 'recording', 'error'], 60_000).then((name) => (name === 'error' ? name : 'reads')),
    'reads',
  );
}

/** The paths that the service worker caches. */
const keptPaths = (page) => page.evaluate(async () => {
  const paths = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) paths.push(new URL(url).pathname);
  }
  return paths.sort();
});

/** Waits until the engine and its models are cached. */
async function kept(page, files) {
  const names = (paths) => paths.filter(isEngine);
  for (let tries = 0; tries < 100; tries++) {
    const paths = names(await keptPaths(page));
    if (files.every((file) => paths.includes(file))) return;
    await page.waitForTimeout(100);
  }
  throw new Error(`not all are cached: ${await keptPaths(page)}`);
}

const serviceWorker = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => new Promise((done) => {
  if (navigator.serviceWorker.controller) done(undefined);
  else navigator.serviceWorker.addEventListener('controllerchange', () => done(undefined), { once: true });
})));

test('the first visit downloads little, and a second one nothing of engine and models', async () => {
  const from = proxy.sent.length;
  await visit(async (page, { context }) => {
    await serviceWorker(page);
    await page.waitForSelector('#size-fact', { state: 'visible' });
    await begin(page);
    const first = proxy.sent.slice(from);
    const files = first.map(({ path }) => path).filter(isEngine);
    assert.ok(
      files.some((path) => path.endsWith('.wasm')) && files.some((path) => path.startsWith('/models/')),
      files.join(),
    );
    await kept(page, files);
    const bytes = first
      .filter(({ path }) => /^\/((assets|pkg|models)\/|sw\.js|camera)/.test(path))
      .reduce((sum, file) => sum + file.bytes, 0);
    assert.ok(bytes <= FIRST_LOAD, `the first load takes ${bytes} bytes`);
    const code = first.find(({ path }) => path.endsWith('.wasm'))?.bytes ?? 0;
    assert.ok(code > 0 && code <= ENGINE, `the engine takes ${code} bytes`);
    for (const { path, encoding, caching, status } of first.filter((file) => BY_CONTENT.test(file.path))) {
      assert.deepEqual([encoding, caching, status], ['br', 'public, max-age=31536000, immutable', 200], path);
    }

    // Without the browser's own cache only the service worker has them.
    const session = await context.newCDPSession(page);
    await session.send('Network.clearBrowserCache');
    const again = proxy.sent.length;
    await page.goto(`${proxy.base}/camera`);
    await screen(page, ['priming']);
    await page.waitForTimeout(1_000);
    assert.equal(await page.isVisible('#size-fact'), false, 'a download is announced although everything is cached');
    await begin(page);
    const second = proxy.sent.slice(again);
    const engine = second.filter(({ path }) => isEngine(path));
    const again_bytes = engine.reduce((sum, file) => sum + file.bytes, 0);
    console.log(
      `first load ${bytes} bytes in ${LONGEST}, WASM ${code} of them;`,
      `second visit ${again_bytes} bytes of engine and models`,
    );
    assert.deepEqual(engine, [], 'nothing of engine and models travels twice');

    const paths = await keptPaths(page);
    assert.deepEqual(
      paths.filter((path) => !BY_CONTENT.test(path)),
      [],
      'only files named by their content are cached',
    );
  }, { locale: LONGEST });
});

test('scripts are sent without comments, and otherwise as they are', async () => {
  const page = await (await fetch(`${server.base}/camera`)).text();
  const folder = /\/assets\/[0-9a-f]{16}\//.exec(page)?.[0];
  // Texts and addresses are filled in when the server is built.
  const names = readdirSync(ASSETS, { recursive: true, encoding: 'utf8' });
  const scripts = names.filter((name) => name.endsWith('.js') && !/^(texts|addresses)\.js$|^vendor/.test(name));
  assert.ok(scripts.length > 80, `${scripts.length} scripts`);
  const places = scripts.map((name) => [`${folder}${name}`, join(ASSETS, name)]);
  const addresses = await (await fetch(`${server.base}${folder}addresses.js`)).text();
  const glue = [...addresses.matchAll(/"(\/pkg[^"]*\.js)":\{"url":"([^"]+)"/g)];
  assert.equal(glue.length, 3, 'all builds of the engine');
  places.push(...glue.map(([, source, url]) => [url, join(ASSETS, '..', source)]));
  for (const [url, source] of places) {
    const sent = await (await fetch(`${server.base}${url}`)).text();
    assert.doesNotMatch(sent, /^[ \t]*(\/\/|\/\*)/m, source);
    assert.deepEqual(tokens(sent), tokens(readFileSync(source, 'utf8')), source);
  }
});

test('the camera permission is requested while the engine loads', async () => {
  let release = () => {};
  const held = new Promise((resolve) => { release = () => resolve(undefined); });
  await visit(async (page) => {
    await page.click('#start');
    // The models are held back until both were checked: the camera is ready first.
    await page.waitForSelector('#camera-row[data-ready]', { timeout: 30_000 });
    assert.equal(await page.isVisible('#engine-row[data-ready]'), false);
    release();
    await screen(page, ['align', 'recording'], 60_000);
  }, {
    serviceWorkers: 'block',
    prepare: ({ page }) => page.route('**/models/**', async (route) => {
      await held;
      await route.continue().catch(() => undefined);
    }),
  });
});

test('a file that is damaged on its way is downloaded again', async () => {
  let damaged = 0;
  await visit(async (page) => {
    proxy.alter({ answer: (path, body) => (path.startsWith('/models/') && damaged++ === 0 ? altered(body) : body) });
    await begin(page);
    assert.ok(damaged > 1);
  });
});

test('a file that stays damaged is never used, the page says so, and reloading helps', async () => {
  for (const kind of [/\.onnx$|\.pack$/, /\.wasm$/]) {
    await visit(async (page) => {
      await serviceWorker(page);
      proxy.alter({ answer: (path, body) => (kind.test(path) ? altered(body) : body) });
      await page.click('#start');
      await messageCode(page, 'model_corrupt', 60_000);
      assert.deepEqual((await keptPaths(page)).filter((path) => kind.test(path)), [], 'nothing damaged is cached');
      proxy.alter({});
      await page.click('#retry');
      await screen(page, ['priming']);
      await begin(page);
    });
  }
});

test('a cached file that is damaged is replaced', async () => {
  await visit(async (page) => {
    await serviceWorker(page);
    const from = proxy.sent.length;
    await begin(page);
    const files = proxy.sent.slice(from).map(({ path }) => path).filter(isEngine);
    await kept(page, files);
    const model = files.find((path) => path.startsWith('/models/'));
    await page.evaluate(async (path) => {
      for (const name of await caches.keys()) {
        await (await caches.open(name)).put(path, new Response(new Uint8Array(10)));
      }
    }, model);
    const again = proxy.sent.length;
    await page.goto(`${proxy.base}/camera`);
    await screen(page, ['priming']);
    await begin(page);
    assert.deepEqual(
      proxy.sent
        .slice(again)
        .map(({ path }) => path)
        .filter(isEngine),
      [model],
      'only that one is downloaded',
    );
    await kept(page, [model]);
  });
});

test('another release of the server is picked up, and files of the old one are removed', async () => {
  await visit(async (page) => {
    await serviceWorker(page);
    await begin(page);
    const old = (await keptPaths(page)).filter((path) => path.startsWith('/models/'));
    // The same files under other names: a release in which every file has changed.
    const rename = (text) =>
      text.replaceAll(
        /\/(assets|pkg|models)\/([0-9a-f]{15})([0-9a-f])\//g,
        (_, kind, start, end) => `/${kind}/${start}${(parseInt(end, 16) ^ 1).toString(16)}/`,
      );
    const isText = (path) => /\.js$|\.html$|^\/[a-z-]*$/.test(path) && path !== '/register';
    proxy.alter({ ask: rename, answer: (path, body) => (isText(path) ? Buffer.from(rename(body.toString())) : body) });
    const from = proxy.sent.length;
    await page.goto(`${proxy.base}/camera`);
    await screen(page, ['priming']);
    await begin(page);
    assert.deepEqual(
      proxy.sent.slice(from).filter(({ path }) => old.includes(path)),
      [],
      'the pages name the new files',
    );
    for (let tries = 0; tries < 100 && (await keptPaths(page)).some((path) => old.includes(path)); tries++) {
      await page.waitForTimeout(100);
    }
    assert.deepEqual((await keptPaths(page)).filter((path) => old.includes(path)), []);
  });
});

test('a page of an old release says that it is out of date', async () => {
  await visit(async (page, visitor) => {
    proxy.alter({ ask: (path) => (isEngine(path) ? '/models/gone' : path) });
    await page.click('#start');
    await messageCode(page, 'engine_version', 60_000);
    assert.equal(await page.textContent('#retry'), 'Reload the page');
    visitor.errors.length = 0;
  });
});

test('without HTTPS the pages are sent uncompressed and work without a service worker', async () => {
  const visitor = await openVisitor({ args: ['--host-resolver-rules=MAP elsewhere.test 127.0.0.1'] });
  try {
    const { page, errors } = visitor;
    const from = proxy.sent.length;
    const base = proxy.base.replace('localhost', 'elsewhere.test');
    await page.goto(`${base}/`);
    await page.fill('#register input[name=email]', 'nonsense');
    await page.click('#register button[type=submit]');
    await messageCode(page, 'email_invalid');
    // The browser reports that it ignores a header that requires HTTPS.
    assert.deepEqual(errors.filter((text) => !text.includes('Cross-Origin-Opener-Policy')), []);
    await page.goto(`${base}/camera`);
    await messageCode(page, 'session_missing');
    assert.equal(await page.evaluate(() => navigator.serviceWorker), undefined);
    const sent = proxy.sent.slice(from);
    assert.deepEqual(
      sent.filter(({ encoding }) => encoding !== '').map(({ path }) => path),
      [],
      'this browser accepts Brotli over HTTPS only',
    );
    assert.ok(sent.filter(({ path }) => BY_CONTENT.test(path)).length > 20);
  } finally {
    await visitor.close();
  }
});

/** What a browser says of the page's two modules: the longer one has relaxed SIMD. */
const BROWSERS = {
  relaxed: () => {},
  simd: () => { WebAssembly.validate = ({ byteLength }) => byteLength < 35; },
  baseline: () => { WebAssembly.validate = () => false; },
};

for (const [build, pretend] of Object.entries(BROWSERS)) {
  test(`a browser that runs the build ${build} is verified with it`, async () => {
    const from = proxy.sent.length;
    await visit(async (page) => {
      await page.click('#start');
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
      const sent = proxy.sent.slice(from).map(({ path }) => path).filter((path) => path.endsWith('.wasm'));
      await page.goto(`${proxy.base}/`);
      const addresses = await page.evaluate(async () => {
        const { engineFiles } = await import(
          document.querySelector('link[rel=modulepreload]').href.replace(/[^/]+$/, 'engine-files.js')
        );
        return Object.fromEntries(['relaxed', 'simd', 'baseline'].map((name) => [name, engineFiles(name).wasm.url]));
      });
      assert.equal(new Set(Object.values(addresses)).size, 3);
      assert.deepEqual(sent, [addresses[build]]);
    }, { clip: portraitClip(), prepare: ({ context }) => context.addInitScript(pretend) });
  });
}

/** With one bit changed in the middle. @param {Buffer} body */
function altered(body) {
  const copy = Buffer.from(body);
  copy[copy.length >> 1] ^= 1;
  return copy;
}
