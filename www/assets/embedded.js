// @ts-check
/**
 * Our pages in the frame that `<blink-check>` holds on a page of another site: `/embed/frame/SITE…`. Browsers block
 * cookies and storage there, so the session's secret stays in memory; the next page of ours gets it behind the #.
 *
 * The page around the frame sends `hello` with the check's client token whenever a page of ours has loaded, and is told
 * what happens. Only pages of the site's origins can hold the frame: the server says so in `frame-ancestors`.
 */

/** @typedef {{token: string, origin: string}} Hello */
/** @typedef {Pick<Window, 'location' | 'history' | 'parent' | 'addEventListener'>} FramedWindow */

/** Says in each message whose it is, and in which version. */
const MARK = 1;

export class Embedding {
  #window;
  #root;
  #secret;
  /** The language that the person or the site has chosen. @type {string | null} */
  #language;
  /** @type {Promise<Hello>} */
  #hello;
  /** @type {Hello | null} */
  #known = null;

  /** @param {FramedWindow} page */
  constructor(page) {
    this.#window = page;
    this.#root = rootOf(page.location.pathname);
    this.#language = new URLSearchParams(page.location.search).get('lang');
    this.#secret = this.isEmbedded ? takeHash(page) : '';
    this.#hello = this.isEmbedded ? this.#listen() : new Promise(() => undefined);
  }

  /** Whether this page is in a frame of another site. */
  get isEmbedded() {
    return this.#root !== null;
  }

  /** The id of that site. */
  get site() {
    return this.#root?.split('/').at(-1) ?? null;
  }

  /** The check's client token, once the page around has sent it. @returns {Promise<string>} */
  async clientToken() {
    return (await this.#hello).token;
  }

  /** The same, if it has come yet. */
  get knownToken() {
    return this.#known?.token ?? null;
  }

  /** The session's secret, which stands in for the cookie. */
  get secret() {
    return this.#secret || null;
  }

  /**
   * Goes to another page of ours, or loads this one again.
   * @param {string} path of the page without a frame @param {string} [secret] of the session, if it is new
   */
  go(path, secret = this.#secret) {
    const { location } = this.#window;
    if (this.#root === null) {
      location.replace(path);
      return;
    }
    const page = path === '/camera' ? `${this.#root}/camera` : this.#root;
    const query = new URLSearchParams(this.#language === null ? {} : { lang: this.#language });
    // With the same address and another fragment, browsers would load nothing.
    const isSame = page === location.pathname;
    if (isSame && !new URLSearchParams(location.search).has('again')) query.set('again', '1');
    location.replace(page + after('?', query.toString()) + after('#', secret));
  }

  /** Loads this page again, with its session. @param {string} [language] if another one was chosen */
  reload(language) {
    const { location } = this.#window;
    this.#language = language ?? this.#language;
    if (this.isEmbedded) this.go(location.pathname.endsWith('/camera') ? '/camera' : '/c');
    else location.reload();
  }

  /**
   * Tells the page around the frame. Nobody else can read it.
   * @param {string} type @param {Record<string, unknown>} [detail]
   */
  async tell(type, detail = {}) {
    if (!this.isEmbedded) return;
    const { origin } = await this.#hello;
    this.#window.parent.postMessage({ ...detail, blinkgate: MARK, type }, origin);
  }

  /** @returns {Promise<Hello>} */
  #listen() {
    return new Promise((resolve) => {
      this.#window.addEventListener('message', ({ source, origin, data }) => {
        const isHello = source === this.#window.parent && data?.blinkgate === MARK && data.type === 'hello';
        if (!isHello || typeof data.token !== 'string' || this.#known !== null) return;
        this.#known = { token: data.token, origin };
        resolve(this.#known);
        this.tell('ready');
      });
    });
  }
}

/** @param {string} mark @param {string} words */
function after(mark, words) {
  return words === '' ? '' : `${mark}${words}`;
}

/** @param {string} path */
function rootOf(path) {
  return /^\/embed\/frame\/[^/]+/.exec(path)?.[0] ?? null;
}

/** What stands behind the #, which is removed from the address. @param {FramedWindow} page */
function takeHash({ location, history }) {
  const secret = location.hash.slice(1);
  if (secret !== '') history.replaceState(null, '', `${location.pathname}${location.search}`);
  return secret;
}

/** This page's. */
export const embedding = new Embedding(
  globalThis.window ?? { location: { pathname: '', hash: '', search: '' }, addEventListener: () => undefined },
);

/**
 * Makes a page of ours fit into a frame: without our head and foot, and with links that stay inside.
 * @param {Document} page
 */
export function fitIntoFrame(page) {
  if (!embedding.isEmbedded) return;
  page.documentElement.setAttribute('data-embedded', '');
  page.addEventListener('click', (event) => {
    const link = /** @type {Element | null} */ (event.target)?.closest?.('a[href^="/"]');
    if (!link) return;
    event.preventDefault();
    embedding.go(link.getAttribute('href') ?? '/');
  });
}
