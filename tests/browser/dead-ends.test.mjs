// Browsers and devices in which the check cannot run: each is named, and shows a way on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { portraitClip } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { NOISE, changeModule, messageCode, openVisitor, screen } from './lib/visitor.mjs';

let server;
let people = 0;
before(async () => { server = await startServer(); });
after(async () => { await server?.stop(); });

/**
 * Takes a mailed link to a browser and runs `steps` on its page.
 * @param {{inPage?: () => void, module?: [string, (text: string) => string], args?: string[], clip?: string | null,
 *   allow?: boolean, cookies?: boolean, base?: string, userAgent?: string}} browser `module`: one of ours, and what to
 *   make of its text
 */
async function withLink({ inPage, module, base = server.base, ...options }, steps) {
  people += 1;
  const known = server.mails();
  await fetch(`${server.base}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-blinkgate': '1' },
    body: JSON.stringify({ email: `dead${people}@example.org` }),
  });
  const link = (await server.link(known)).replace(server.base, base);
  const visitor = await openVisitor({ serviceWorkers: 'block', ...options });
  const { page, context } = visitor;
  try {
    if (inPage) await context.addInitScript(inPage);
    if (module) {
      const [name, change] = module;
      await changeModule(context, `**/${name}`, change);
    }
    await page.goto(link);
    await steps(page, link);
  } finally {
    await visitor.close();
  }
}

/** Uses the link and presses the button of the camera page. */
async function start(page) {
  await page.click('#redeem');
  await page.waitForURL('**/camera');
  await screen(page, ['priming']);
  await page.click('#start');
}

/** Reads the code on the page, as a phone would. */
async function codeOn(page) {
  await page.click('#code-box summary');
  // Before it is drawn, a canvas is 300 pixels wide.
  await page.waitForFunction(() => document.querySelector('#code').width !== 300);
  const { data, width, height } = PNG.sync.read(await page.locator('#code').screenshot());
  return jsQR(new Uint8ClampedArray(data), width, height)?.data;
}

/** Problems that show on the page of the link, before it is used. */
const BEFORE = [
  ['a browser without camera access', 'camera_unsupported', {
    inPage: () => { Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined }); },
  }],
  ['an app without camera access', 'in_app_browser', {
    inPage: () => {
      Object.defineProperty(Navigator.prototype, 'mediaDevices', { value: undefined });
      Object.defineProperty(Navigator.prototype, 'userAgent', { value: 'Mozilla/5.0 (iPhone) [FBAN/FBIOS;FBAV/46]' });
    },
  }],
  ['Lockdown Mode', 'wasm_disabled', { inPage: () => { delete globalThis.WebAssembly; } }],
  ['a browser without SIMD, where the server has nothing else', 'wasm_unsupported', {
    inPage: () => { WebAssembly.validate = () => false; },
    module: ['addresses.js', (text) => text.replaceAll('/pkg-baseline/', '/pkg-absent/')],
  }],
  ['a browser without module workers', 'worker_unsupported', {
    inPage: () => {
      const { Worker } = globalThis;
      globalThis.Worker = class extends Worker { constructor(url) { super(url); } };
    },
  }],
];

for (const [who, code, browser] of BEFORE) {
  test(`${who} is named on the page of the link, which can be copied`, async () => {
    await withLink(browser, async (page, link) => {
      await messageCode(page, code);
      assert.ok((await page.textContent('#message')).length > 40);
      assert.equal(await page.inputValue('#link'), link);
      assert.equal(await codeOn(page), link);
    });
  });
}

test('a page that is not secure says so, and links to the same page by https', async () => {
  // A name that is not this machine's own, so that http is not secure.
  const name = 'insecure.example';
  const base = server.base.replace('localhost', name);
  await withLink({ base, args: [`--host-resolver-rules=MAP ${name} 127.0.0.1`] }, async (page, link) => {
    await messageCode(page, 'camera_insecure');
    assert.equal(await page.inputValue('#link'), link.replace('http:', 'https:'));
  });
});

test('blocked cookies are named where the link is used, and it can be copied', async () => {
  await withLink({ cookies: false }, async (page, link) => {
    await page.click('#redeem');
    await messageCode(page, 'cookies_blocked');
    assert.equal(await codeOn(page), link);
  });
});

/** Problems that show on the camera page. */
const AFTER = [
  ['a device without a camera', 'camera_missing', { clip: null }],
  ['a camera that is not allowed', 'camera_denied', { allow: false }],
  ['a camera that fails', 'camera_failed', {
    inPage: () => {
      navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'InvalidStateError'); };
    },
  }],
  ['a camera that sends no picture', 'camera_no_picture', {
    inPage: () => { navigator.mediaDevices.getUserMedia = async () => new MediaStream(); },
  }],
  ['an app that never asks for the camera', 'in_app_browser', {
    inPage: () => {
      navigator.mediaDevices.getUserMedia = () => new Promise(() => {});
      Object.defineProperty(Navigator.prototype, 'userAgent', { value: 'Mozilla/5.0 (Linux; Android 14; wv)' });
    },
  }],
  ['a browser that falsifies pixels', 'pixels_falsified', {
    inPage: new Function(NOISE), module: ['engine-worker.js', (text) => `${NOISE}\n${text}`],
  }],
];

for (const [who, code, browser] of AFTER) {
  test(`${who} is named on the camera page, with the link to go on elsewhere`, async () => {
    await withLink({ clip: portraitClip(), ...browser }, async (page, link) => {
      await start(page);
      await messageCode(page, code, 30_000);
      assert.equal(await page.getAttribute('main', 'data-screen'), 'error');
      assert.notEqual(await page.textContent('#problem-title'), 'Something went wrong');
      assert.equal(await codeOn(page), link);
    });
  });
}

test('the copied link leads another browser to the check, and is forgotten at the end', async () => {
  await withLink({ clip: null }, async (page) => {
    await start(page);
    await messageCode(page, 'camera_missing', 30_000);
    const copied = await page.inputValue('#link');
    const phone = await openVisitor({ clip: portraitClip() });
    try {
      await phone.page.goto(copied);
      await start(phone.page);
      assert.equal(await screen(phone.page, ['verified', 'failed', 'error'], 90_000), 'verified');
      await phone.page.waitForURL('**/result');
      assert.equal(await phone.page.evaluate(() => Object.values(sessionStorage).join()), '');
    } finally {
      await phone.close();
    }
  });
});
