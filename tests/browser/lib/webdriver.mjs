// A client of the W3C WebDriver protocol: a session with a browser, driven over plain HTTP.
import { setTimeout as sleep } from 'node:timers/promises';

/** The name under which the protocol passes an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

export class Session {
  #base;

  /** @param {string} base the session's address at the driver */
  constructor(base) {
    this.#base = base;
  }

  /**
   * Opens a session at a driver that listens, or is about to, on this port.
   * @param {number} port @param {Record<string, unknown>} capabilities
   */
  static async open(port, capabilities) {
    const driver = `http://127.0.0.1:${port}`;
    await listening(driver);
    const { sessionId } = await command(`${driver}/session`, 'POST', { capabilities: { alwaysMatch: capabilities } });
    const session = new Session(`${driver}/session/${sessionId}`);
    await session.#send('timeouts', { script: 60_000, pageLoad: 60_000, implicit: 0 });
    return session;
  }

  /** @param {string} url */
  async goto(url) {
    await this.#send('url', { url });
  }

  /** Runs `work` in the page, and returns what it returns; a promise is waited for. */
  async run(work, ...args) {
    const script = `const done = arguments[0];
      Promise.resolve().then(() => (${work})(...${JSON.stringify(args)}))
        .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.#send('execute/async', { script, args: [] });
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** @param {string} selector */
  async click(selector) {
    await this.#send(`element/${await this.#find(selector)}/click`, {});
  }

  /** @param {string} selector @param {string} text */
  async fill(selector, text) {
    const element = await this.#find(selector);
    await this.#send(`element/${element}/clear`, {});
    await this.#send(`element/${element}/value`, { text });
  }

  /** @param {{width: number, height: number}} size of the page, which gets it as far as the window can */
  async resize({ width, height }) {
    const [across, down] = await this.run(() => [outerWidth - innerWidth, outerHeight - innerHeight]);
    await this.#send('window/rect', { width: width + across, height: height + down });
    // The page follows later.
    await this.run(async (width) => {
      for (let tries = 0; tries < 20 && innerWidth !== width; tries += 1) await new Promise((go) => setTimeout(go, 50));
      await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    }, width);
  }

  /** The visible part of the page as PNG. */
  async picture() {
    return Buffer.from(await command(`${this.#base}/screenshot`, 'GET'), 'base64');
  }

  async close() {
    await command(this.#base, 'DELETE');
  }

  /** @param {string} selector */
  async #find(selector) {
    return (await this.#send('element', { using: 'css selector', value: selector }))[ELEMENT];
  }

  /** @param {string} path @param {unknown} body */
  #send(path, body) {
    return command(`${this.#base}/${path}`, 'POST', body);
  }
}

async function command(url, method, body = undefined) {
  const answer = await fetch(url, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${value.error}: ${value.message} (${method} ${new URL(url).pathname})`);
  return value;
}

async function listening(driver) {
  for (let tries = 0; tries < 100; tries++) {
    try {
      if ((await fetch(`${driver}/status`)).ok) return;
    } catch { /* not yet listening */ }
    await sleep(100);
  }
  throw new Error('the driver did not answer');
}
