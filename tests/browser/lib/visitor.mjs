// A visitor: a Chromium with a clip as its camera, and the steps a person takes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { filmAnew } from './clips.mjs';
import { CHROMIUM } from './paths.mjs';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** The sizes at which pages are checked. */
export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

/**
 * Opens a browser. `clip`: the Y4M file that its camera films, or `null` for no camera. `allow: false` denies the
 * camera. Tests that answer requests themselves (`route`) block service workers, whose requests would bypass them.
 * @param {{clip?: string | null, allow?: boolean, viewport?: {width: number, height: number},
 *   colorScheme?: 'light' | 'dark', serviceWorkers?: 'allow' | 'block', cookies?: boolean, thirdPartyCookies?: boolean,
 *   locale?: string, args?: string[]}} options
 */
export async function openVisitor({
  clip = null,
  allow = true,
  viewport = PHONE,
  colorScheme = 'light',
  serviceWorkers = 'allow',
  cookies = true,
  thirdPartyCookies = true,
  locale = undefined,
  args = [],
} = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'blinkgate-chromium-'));
  if (!cookies || !thirdPartyCookies) {
    // As the browser's own settings page writes it.
    mkdirSync(join(profile, 'Default'));
    const profileSettings = cookies
      ? { cookie_controls_mode: 1, block_third_party_cookies: true }
      : { default_content_setting_values: { cookies: 2 } };
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: profileSettings }));
  }
  const film = join(profile, 'film.y4m');
  if (clip !== null) filmAnew(clip, film);
  const camera =
    clip === null ? [] : ['--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${film}`];
  const answer = allow ? '--use-fake-ui-for-media-stream' : '--deny-permission-prompts';
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    viewport,
    colorScheme,
    serviceWorkers,
    locale,
    args: [...QUIET, ...camera, answer, ...args],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const errors = [];
  const requests = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => {
    errors.push(String(error));
  });
  context.on('request', (request) => {
    requests.push(request);
  });
  return {
    page,
    context,
    /** Errors in the console. */
    errors,
    requests,
    hosts: () => [
      ...new Set(
        requests
          .map((request) => new URL(request.url()))
          .filter((url) => url.protocol.startsWith('http'))
          .map((url) => url.host),
      ),
    ],
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Registers, opens the mailed link and goes to the camera page; without an address, as somebody new. */
export async function comeToCamera({ page }, server, address = undefined) {
  const known = server.mails();
  await page.goto(`${server.base}/`);
  await page.fill('#register input[name=email]', address ?? `person${known}@example.org`);
  await page.click('#register button[type=submit]');
  await page.waitForURL('**/check-mail');
  await page.goto(await server.link(known));
  await page.click('#redeem');
  await page.waitForURL('**/camera');
}

/**
 * Lets the context's pages load a changed module. Fetched outside of them: a page that is left ends its own fetches.
 * @param {import('playwright-core').BrowserContext} context @param {string} pattern
 * @param {(text: string) => string} change
 */
export function changeModule(context, pattern, change) {
  return context.route(pattern, async (route) => {
    const response = await fetch(route.request().url());
    if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
    const headers = Object.fromEntries(response.headers);
    for (const name of ['content-encoding', 'content-length']) delete headers[name];
    const body = change(await response.text());
    await route.fulfill({ headers, body }).catch(() => undefined);
  });
}

/** Waits until the page shows one of these screens, and returns its name. */
export async function screen(page, names, timeout = 60_000) {
  const wanted = names.map((name) => `[data-screen="${name}"]`).join(',');
  const element = await page.waitForSelector(wanted, { timeout, state: 'attached' });
  return element.getAttribute('data-screen');
}

/** Waits for the message with this code. */
export async function messageCode(page, code, timeout = 20_000) {
  await page.waitForSelector(`[data-code="${code}"]`, { timeout });
}

/** Source text that makes a page or a worker read noise from canvases, like Firefox with `resistFingerprinting`. */
export const NOISE = `
delete globalThis.VideoFrame;
for (const kind of ['CanvasRenderingContext2D', 'OffscreenCanvasRenderingContext2D']) {
  const prototype = globalThis[kind]?.prototype;
  if (!prototype) continue;
  const { getImageData } = prototype;
  prototype.getImageData = function (...area) {
    const image = getImageData.apply(this, area);
    image.data.forEach((_, at) => { image.data[at] = at % 4 === 3 ? 255 : Math.random() * 256; });
    return image;
  };
}
`;

/** An init script: notes in `frames` when the page hands each frame to the engine, and how many are in flight then. */
export function noteFrames() {
  globalThis.frames = [];
  const inFlight = new Set();
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.op === 'push') {
      if (inFlight.size === 0) this.addEventListener('message', ({ data }) => inFlight.delete(data.id));
      inFlight.add(message.id);
      globalThis.frames.push({ at: performance.now(), inFlight: inFlight.size });
    }
    return postMessage.call(this, message, ...rest);
  };
}
