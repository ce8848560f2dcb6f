// Our pages in a frame of another site: who is listened to, who is told, and where the session's secret goes.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Embedding } from '../../www/assets/embedded.js';

/** A window at this address. @param {string} address */
function windowAt(address) {
  const url = new URL(address, 'https://blink.example');
  /** @type {string[]} */
  const went = [];
  /** @type {[any, string][]} */
  const posted = [];
  /** @type {(event: any) => void} */
  let listener = () => undefined;
  const parent = { postMessage: (/** @type {any} */ message, /** @type {string} */ to) => posted.push([message, to]) };
  const page = /** @type {any} */ ({
    location: {
      pathname: url.pathname,
      search: url.search,
      hash: url.hash,
      replace: (/** @type {string} */ to) => went.push(to),
    },
    history: { replaceState: (/** @type {[any, string, string]} */ ...[, , to]) => went.push(`shown as ${to}`) },
    parent,
    addEventListener: (/** @type {string} */ _, /** @type {any} */ then) => { listener = then; },
  });
  return { page, went, posted, parent, say: (/** @type {any} */ event) => listener(event) };
}

const HELLO = { blinkgate: 1, type: 'hello', token: 'ct_1' };
const settled = () => new Promise((done) => { setTimeout(done, 0); });

test('outside of a frame pages go where they say, and tell nobody', async () => {
  const { page, went, posted } = windowAt('/camera#x');
  const embedding = new Embedding(page);
  embedding.go('/result');
  embedding.tell('verified', { token: 't' });
  await settled();
  assert.deepEqual([embedding.isEmbedded, embedding.secret, went, posted], [false, null, ['/result'], []]);
});

test('in a frame the secret leaves the address and goes on to the next page', () => {
  const { page, went } = windowAt('/embed/frame/shop/camera#secret');
  const embedding = new Embedding(page);
  assert.deepEqual([embedding.isEmbedded, embedding.site, embedding.secret], [true, 'shop', 'secret']);
  assert.deepEqual(went, ['shown as /embed/frame/shop/camera']);
  for (const [path, expected] of [
    ['/camera', '/embed/frame/shop/camera?again=1#secret'],
    ['/result', '/embed/frame/shop#secret'],
    ['/c', '/embed/frame/shop#secret'],
    ['/', '/embed/frame/shop#secret'],
  ]) {
    embedding.go(/** @type {string} */ (path));
    assert.equal(went.at(-1), expected);
  }
});

test('a language that was chosen goes on to the next page', () => {
  const { page, went } = windowAt('/embed/frame/shop?lang=de');
  const embedding = new Embedding(page);
  embedding.go('/camera', 'new');
  assert.equal(went.at(-1), '/embed/frame/shop/camera?lang=de#new');
  embedding.reload('pl');
  assert.equal(went.at(-1), '/embed/frame/shop?lang=pl&again=1');
});

test('another secret replaces the one from before', () => {
  const { page, went } = windowAt('/embed/frame/shop');
  const embedding = new Embedding(page);
  assert.equal(embedding.secret, null);
  embedding.go('/camera', 'new');
  assert.deepEqual(went, ['/embed/frame/shop/camera#new']);
});

test('only the page around is heard, and only its origin is told', async () => {
  const { page, posted, parent, say } = windowAt('/embed/frame/shop');
  const embedding = new Embedding(page);
  embedding.tell('state', { status: 'open' });
  for (const other of [
    { source: {}, origin: 'https://evil.example', data: HELLO },
    { source: parent, origin: 'https://shop.example', data: { ...HELLO, type: 'bye' } },
    { source: parent, origin: 'https://shop.example', data: { ...HELLO, blinkgate: 2 } },
    { source: parent, origin: 'https://shop.example', data: { ...HELLO, token: 7 } },
    { source: parent, origin: 'https://shop.example', data: null },
  ]) say(other);
  await settled();
  assert.deepEqual([posted, embedding.knownToken], [[], null]);

  say({ source: parent, origin: 'https://shop.example', data: HELLO });
  // Whoever speaks later changes nothing.
  say({ source: parent, origin: 'https://evil.example', data: { ...HELLO, token: 'ct_2' } });
  await settled();
  assert.equal(await embedding.clientToken(), 'ct_1');
  assert.deepEqual(posted.map(([{ type }, to]) => [type, to]).sort(), [
    ['ready', 'https://shop.example'],
    ['state', 'https://shop.example'],
  ]);
});

test('what is told cannot pass for another message', async () => {
  const { page, posted, parent, say } = windowAt('/embed/frame/shop');
  const embedding = new Embedding(page);
  say({ source: parent, origin: 'https://shop.example', data: HELLO });
  await embedding.tell('failure', { type: 'verified', blinkgate: 9, sentence: 's' });
  assert.deepEqual(posted.at(-1)?.[0], { type: 'failure', blinkgate: 1, sentence: 's' });
});
