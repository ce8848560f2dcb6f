// Firefox and WebKit: a browser of each kind as the tests use it, with the steps a person takes. A visitor is driven
// from outside only; whatever happens in the page, `run` does.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';
import { startProxy } from './proxy.mjs';
import { freePort } from './server.mjs';
import { PHONE } from './visitor.mjs';
import { Session } from './webdriver.mjs';

/**
 * @typedef {object} Visitor
 * @property {(url: string) => Promise<void>} goto
 * @property {(selector: string) => Promise<void>} click
 * @property {(selector: string, text: string) => Promise<void>} fill
 * @property {(work: Function, ...args: unknown[]) => Promise<any>} run runs a function in the page
 * @property {(size: {width: number, height: number}) => Promise<void>} resize
 * @property {() => Promise<Uint8Array>} picture
 * @property {() => Promise<string[]>} errors of the console, and violations of the Content-Security-Policy
 * @property {() => Promise<void>} close
 */

/**
 * `policies`: the kinds of checks for which it is fast enough here, with the person's camera in the same page; `lacks`:
 * the Debian package that is missing, or `null`; `listens`: whether pages have to come through {@link startListening}
 * for their errors to be known.
 * @typedef {{name: string, policies: string[], lacks: () => string | null, open: () => Promise<Visitor>,
 *   listens: boolean}} Browser
 */

/** @type {Browser} */
export const FIREFOX = {
  name: 'Firefox',
  policies: ['natural', 'prompted'],
  listens: false,
  lacks: () => (firefoxPath() === null ? 'firefox-esr' : null),
  async open() {
    const browser = await puppeteer.launch({
      browser: 'firefox', executablePath: firefoxPath() ?? '', headless: true, defaultViewport: PHONE,
    });
    const [page = await browser.newPage()] = await browser.pages();
    const errors = [];
    const note = (/** @type {string} */ text) => {
      // Firefox says so of a request that was on its way when its page was left.
      if (!text.includes('Failed to load ‘’. A ServiceWorker intercepted the request')) errors.push(text);
    };
    page.on('console', (message) => { if (message.type() === 'error') note(message.text()); });
    // Violations of the Content-Security-Policy come as errors of the page.
    page.on('pageerror', (error) => { note(String(error)); });
    return {
      goto: async (url) => { await page.goto(url); },
      click: (selector) => page.click(selector),
      // Typed: the locator's fill() evaluates text in the page, which the page's Content-Security-Policy forbids.
      async fill(selector, text) {
        await page.click(selector, { count: 3 });
        await page.keyboard.type(text);
      },
      run: (work, ...args) => page.evaluate(`(${work})(...${JSON.stringify(args)})`),
      async resize(size) {
        // Also asks for an orientation, which Firefox 140 does not know.
        await page.setViewport(size).catch((error) => {
          if (!error.message.includes('setScreenOrientationOverride')) throw error;
        });
        for (let tries = 100; await page.evaluate('innerWidth') !== size.width; tries -= 1) {
          if (tries === 0) throw new Error(`the window did not become ${size.width} pixels wide`);
          await sleep(20);
        }
      },
      picture: () => page.screenshot(),
      errors: async () => errors,
      close: () => browser.close(),
    };
  },
};

/** WebKitGTK: the engine of Safari and of every browser on an iPhone, with other parts for video and sound.
 * @type {Browser} */
export const WEBKIT = {
  name: 'WebKit',
  policies: ['natural'],
  listens: true,
  lacks() {
    if (inPath('WebKitWebDriver') === null || miniBrowser() === null) return 'webkit2gtk-driver';
    return inPath('Xvfb') === null ? 'xvfb' : null;
  },
  async open() {
    const port = await freePort();
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const display = await new Promise((tell, fail) => {
      screen.once('exit', () => fail(new Error('Xvfb did not start')));
      screen.stdio[3].once('data', (bytes) => tell(String(bytes).trim()));
    });
    const env = { ...process.env, DISPLAY: `:${display}`, GDK_BACKEND: 'x11', LIBGL_ALWAYS_SOFTWARE: '1' };
    const driver = spawn('WebKitWebDriver', ['-p', String(port)], { env, stdio: 'ignore' });
    const stop = () => {
      driver.kill();
      screen.kill();
    };
    try {
      const session = await Session.open(port, {
        'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation', '--enable-media-stream=true'] },
      });
      await session.resize(PHONE);
      return {
        goto: (url) => session.goto(url),
        click: (selector) => session.click(selector),
        fill: (selector, text) => session.fill(selector, text),
        run: (work, ...args) => session.run(work, ...args),
        resize: (size) => session.resize(size),
        picture: () => session.picture(),
        errors: () => session.run(() => JSON.parse(sessionStorage.getItem('errors') ?? '[]')),
        async close() {
          await session.close();
          stop();
        },
      };
    } catch (error) {
      stop();
      throw error;
    }
  },
};

const firefoxPath = () => process.env.FIREFOX || inPath('firefox-esr') || inPath('firefox');

function miniBrowser() {
  const folders = ['4.1', '4.0', '6.0'].flatMap((version) => ['/usr/lib', '/usr/libexec'].flatMap((folder) =>
    ['x86_64-linux-gnu/', 'aarch64-linux-gnu/', ''].map((kind) => `${folder}/${kind}webkit2gtk-${version}`)));
  return folders.map((folder) => join(folder, 'MiniBrowser')).find(existsSync) ?? null;
}

function inPath(name) {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  return paths.find(existsSync) ?? null;
}

/** Where pages load {@link listener} from. */
const LISTENER = '/tests-listener.js';

/** Runs in every page before its own scripts, and keeps what goes wrong where {@link Visitor} finds it. */
function listener() {
  const note = (/** @type {unknown} */ what) => {
    const errors = JSON.parse(sessionStorage.getItem('errors') ?? '[]');
    sessionStorage.setItem('errors', JSON.stringify([...errors, String(what)]));
  };
  const { error } = console;
  console.error = (...words) => {
    note(words.join(' '));
    error(...words);
  };
  addEventListener('error', (event) => note(event.message ?? `${event.target?.src} did not load`), true);
  addEventListener('unhandledrejection', ({ reason }) => note(reason));
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    note(`${violatedDirective} forbids ${blockedURI}`));
}

/**
 * A proxy for browsers that do not show their console: pages that come through it listen to their own errors. Its
 * address must be known before the server starts, which is then aimed at.
 */
export async function startListening() {
  const proxy = await startProxy();
  proxy.alter({
    ask: (path) => (path === LISTENER ? '/' : path),
    answer(path, body, headers) {
      if (path === LISTENER) {
        headers['content-type'] = 'text/javascript';
        return Buffer.from(`(${listener})();`);
      }
      if (!String(headers['content-type']).startsWith('text/html')) return body;
      return Buffer.from(body.toString().replace('<head>', `<head><script src="${LISTENER}"></script>`));
    },
  });
  return proxy;
}

/** Registers, opens the mailed link and goes to the camera page. @param {Visitor} visitor */
export async function walkToCamera(visitor, server, email) {
  const known = server.mails();
  await visitor.goto(`${server.base}/`);
  await visitor.fill('#register input[name=email]', email);
  await visitor.click('#register button[type=submit]');
  await pathOf(visitor, '/check-mail');
  // Firefox reports as errors what was on its way when its page was left. People read this page first.
  const hasStarted = () => document.querySelector('.languages') !== null;
  await until(visitor, hasStarted, [], 30_000, '/check-mail did not start');
  await visitor.goto(await server.link(known));
  await visitor.click('#redeem');
  await pathOf(visitor, '/camera');
  await shown(visitor, ['priming']);
}

/** Waits until the page shows one of these screens, and returns its name. @param {Visitor} visitor */
export function shown(visitor, names, timeout_ms = 60_000) {
  return until(visitor, (names) => {
    const { screen = '' } = document.querySelector('main')?.dataset ?? {};
    return names.includes(screen) && screen;
  }, [names], timeout_ms, `none of ${names} came`);
}

/** @param {Visitor} visitor @param {string} path */
function pathOf(visitor, path) {
  return until(visitor, (path) => location.pathname === path, [path], 30_000, `${path} did not come`);
}

/** Asks the page until it answers with something true. @param {Visitor} visitor */
export async function until(visitor, ask, args, timeout_ms, otherwise) {
  const end = performance.now() + timeout_ms;
  while (performance.now() < end) {
    // While a page is being replaced, nothing runs in it.
    const answer = await visitor.run(ask, ...args).catch(() => false);
    if (answer) return answer;
    await sleep(150);
  }
  throw new Error(otherwise);
}

/** Set SHOTS=folder to keep pictures. @param {Visitor} visitor @param {string} name */
export async function keepPicture(visitor, name) {
  if (!process.env.SHOTS) return;
  mkdirSync(process.env.SHOTS, { recursive: true });
  writeFileSync(join(process.env.SHOTS, `${name}.png`), await visitor.picture());
}
