// @ts-check
/** Downloads against a real server: counted, checked, retried bypassing caches. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test, { after, before } from 'node:test';
import { brotliCompressSync } from 'node:zlib';

import { download, retryIfCorrupt, totalProgress } from '../../www/assets/download.js';
import { engineFiles } from '../../www/assets/engine-files.js';
import { Problem } from '../../www/assets/problem.js';

const CONTENT = Buffer.from('a model '.repeat(5000));
const PACKED = brotliCompressSync(CONTENT);
const server = createServer(({ url }, answer) => {
  if (url === '/whole') answer.end(CONTENT);
  else if (url === '/packed') answer.setHeader('Content-Encoding', 'br').end(PACKED);
  else if (url === '/short') answer.end(CONTENT.subarray(1));
  else if (url === '/long') answer.end(Buffer.concat([CONTENT, CONTENT]));
  else if (url === '/other') answer.end(Buffer.from(CONTENT).fill('x', 9, 10));
  else if (url === '/broken') {
    answer.writeHead(200, { 'Content-Length': CONTENT.length }).write(CONTENT.subarray(9), () => answer.destroy());
  } else answer.writeHead(url === '/ill' ? 503 : 404).end();
});
let base = '';
before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
});
after(() => server.close());

/** @param {string} path */
const file = (path) => ({
  url: `${base}${path}`,
  bytes: CONTENT.length,
  sent: PACKED.length,
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
});
/** @param {Promise<unknown>} work */
const codeOf = (work) => work.then(() => 'done', (error) => (error instanceof Problem ? error.code : `${error}`));

test('a file arrives complete, its bytes counted and passed on as they arrive', async () => {
  for (const [path, isPacked] of /** @type {const} */ ([['/whole', false], ['/packed', true]])) {
    /** @type {number[]} */
    const counted = [];
    let each = 0;
    const bytes = await download(
      file(path),
      (loaded, packed) => {
        counted.push(loaded);
        assert.equal(packed, isPacked);
      },
      {
        each: (part) => {
          each += part.length;
        },
      },
    );
    assert.ok(CONTENT.equals(bytes), path);
    assert.deepEqual([counted.at(-1), each], [CONTENT.length, CONTENT.length]);
    assert.deepEqual(counted, [...counted].sort((a, b) => a - b));
  }
});

test('every wrong or missing file has its code', async () => {
  for (const [path, code] of /** @type {const} */ ([
    ['/short', 'model_corrupt'], ['/long', 'model_corrupt'], ['/other', 'model_corrupt'], ['/broken', 'network'],
    ['/ill', 'server_error'], ['/gone', 'engine_version'],
  ])) assert.equal(await codeOf(download(file(path), () => undefined)), code, path);
});

test('a damaged file is retried once bypassing the caches, other failures are not', async () => {
  const damaged = new Problem('model_corrupt');
  /** @type {[string, (Problem | null)[], string, RequestCache[]][]} */
  const cases = [
    ['intact', [null], 'done', ['default']],
    ['damaged once', [damaged, null], 'done', ['default', 'reload']],
    ['damaged for good', [damaged, damaged], 'model_corrupt', ['default', 'reload']],
    ['no network', [new Problem('network')], 'network', ['default']],
    ['damaged, then no network', [damaged, new Problem('network')], 'network', ['default', 'reload']],
  ];
  for (const [about, outcomes, code, ways] of cases) {
    /** @type {RequestCache[]} */
    const tried = [];
    const result = await codeOf(retryIfCorrupt(file('/whole'), async (cache) => {
      const outcome = outcomes[tried.push(cache) - 1] ?? null;
      if (outcome !== null) throw outcome;
    }));
    assert.deepEqual([result, tried], [code, ways], about);
  }
});

test('progress counts the bytes that travel', () => {
  const files = [{ url: '/a', bytes: 1000, sent: 100, sha256: '' }, { url: '/b', bytes: 300, sent: 300, sha256: '' }];
  const progress = totalProgress(files);
  assert.deepEqual(progress(0, 500, true), { loaded: 50, total: 400 });
  assert.deepEqual(progress(1, 300, false), { loaded: 350, total: 400 });
  assert.deepEqual(progress(0, 500, false), { loaded: 800, total: 1300 }, 'the server or a proxy does not compress');
  assert.deepEqual(progress(0, 1000, true), { loaded: 400, total: 400 });
});

test('a build counts as available only with all of its files', () => {
  const address = (/** @type {string} */ url) => ({ url, bytes: 1, sent: 1, sha256: '' });
  /** @type {Record<string, ReturnType<typeof address>>} */
  const addresses = {};
  for (const name of ['/pkg/engine_wasm.js', '/pkg/engine_wasm_bg.wasm']) {
    addresses[name] = address(name.replace('/pkg/', '/pkg/1/'));
  }
  assert.equal(engineFiles('simd', addresses), null, 'models are missing');
  const all = new Proxy(addresses, {
    get: (known, name) =>
      known[String(name)] ?? (String(name).startsWith('/models/') ? address(String(name)) : undefined),
  });
  const files = engineFiles('simd', all);
  assert.deepEqual([files?.module, files?.wasm.url], ['/pkg/1/engine_wasm.js', '/pkg/1/engine_wasm_bg.wasm']);
  assert.ok((files?.models.length ?? 0) > 0);
  assert.equal(engineFiles('baseline', all), null);
});
