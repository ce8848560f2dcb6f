// @ts-check
/** <blink-check>: Blinkgate's camera check in a frame, as a form-associated element. See docs/sites.md. */

const MARK = 1;
/** How long the frame may be silent, in ms. */
const SILENT_MS = 10_000;

/** Slot and text of screens; others say nothing. @type {Record<string, [string, string]>} */
const SCREENS = {
  idle: ['intro', 'A short camera check shows that a live person is here. The video stays on this device.'],
  loading: ['waiting', 'One moment…'],
  redirect: ['unsupported', 'The camera check has a page of its own:'],
  unsupported: ['unsupported', 'The camera check cannot run here. It has a page of its own:'],
  verified: ['verified', 'Done: you are verified.'],
  review: ['review', 'Somebody will look at your check. You do not have to wait here.'],
  failed: ['failed', 'The check has failed.'],
  canceled: ['failed', 'The check was ended.'],
  expired: ['failed', 'The check has expired.'],
};
const FINAL = new Set(['verified', 'review', 'failed', 'canceled', 'expired']);
const REPORTED = new Set(['permission', 'failure', 'error', 'alternative']);
const NO_CAMERA = new Set(['camera_missing', 'camera_failed', 'camera_busy', 'camera_no_picture']);

const CSS = `
:host { display: block; inline-size: var(--blink-width, min(100%, 30rem)); font: var(--blink-font, inherit) }
:host([hidden]), [hidden] { display: none }
iframe { inline-size: 100%; block-size: var(--blink-height, 44rem); border: 0;
  border-radius: var(--blink-radius, 14px) }
:host([theme=light]) iframe { color-scheme: light }
:host([theme=dark]) iframe { color-scheme: dark }
button, a { display: inline-block; box-sizing: border-box; min-block-size: 44px; margin-block-start: .5rem;
  padding: .6rem 1.2rem; border: 0; border-radius: var(--blink-radius, 14px); font: inherit; text-decoration: none;
  cursor: pointer; background: var(--blink-accent, #0b6a60); color: var(--blink-on-accent, #fff) }
`;

/** Whether the camera check can run on this page. Asks for nothing.
 * @returns {{supported: boolean, code: string | null}} `policy`: the page's Permissions-Policy blocks cameras */
export function support() {
  const { permissionsPolicy, featurePolicy } = /** @type {any} */ (document);
  const policy = permissionsPolicy ?? featurePolicy;
  const code = !isSecureContext ? 'insecure'
    : typeof WebAssembly !== 'object' ? 'wasm'
      : !navigator.mediaDevices?.getUserMedia ? 'camera'
        : policy?.allowsFeature?.('camera') === false ? 'policy' : null;
  return { supported: code === null, code };
}

/** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} name @param {object} [more] */
function part(tag, name, more) {
  const element = Object.assign(document.createElement(tag), more);
  element.setAttribute('part', name);
  return element;
}

/** @param {string} name of the slot @param {string} textContent unless the page fills it */
const words = (name, textContent) => Object.assign(document.createElement('slot'), { name, textContent });

export class BlinkCheck extends HTMLElement {
  static formAssociated = true;
  static observedAttributes = ['token', 'site', 'base', 'required', 'disabled'];
  static check = support;

  #internals = this.attachInternals?.();
  #root = this.attachShadow({ mode: 'open', delegatesFocus: true });
  #slot = words('', '');
  #button = part('button', 'button', { type: 'button' });
  #link = part('a', 'link', { target: '_top' });
  #status = 'idle';
  #screen = 'idle';
  /** @type {string | null} */
  #checkId = null;
  /** @type {HTMLIFrameElement | null} */
  #frame = null;
  #isStarted = false;
  #isMounted = false;
  #isAnnounced = false;
  #timer = 0;
  #hear = (/** @type {MessageEvent} */ event) => this.#heard(event);

  constructor() {
    super();
    if ('adoptedStyleSheets' in this.#root) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      this.#root.adoptedStyleSheets = [sheet];
    }
    const status = part('div', 'status');
    status.role = 'status';
    status.append(this.#slot);
    this.#button.addEventListener('click', () => this.start());
    this.#button.append(words('start', 'Start the camera check'));
    this.#link.append(words('page', 'Open the camera check'));
    this.#root.append(status, this.#button, this.#link);
  }

  /** A hint. A backend decides. */
  get status() { return this.#status; }
  get checkId() { return this.#checkId; }
  get name() { return this.getAttribute('name') ?? ''; }
  /** The signed result. */
  get value() { return this.#value; }
  #value = '';

  connectedCallback() {
    this.#isMounted = true;
    addEventListener('message', this.#hear);
    this.#show(this.#screen);
    if (this.#isStarted || this.hasAttribute('autostart')) this.start();
  }

  /** The camera is off. The check goes on when the element is put back. */
  disconnectedCallback() {
    this.#isMounted = false;
    removeEventListener('message', this.#hear);
    this.#removeFrame();
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === 'required' || name === 'disabled') this.#validate();
    else if (this.#isMounted) this.reset();
  }

  formResetCallback() { this.reset(); }

  start() {
    if (!this.#isMounted || FINAL.has(this.#status) || this.#frame || this.hasAttribute('disabled')) return;
    this.#isStarted = true;
    if (!this.hasAttribute('token')) return;
    const { code } = support();
    if (code !== null || this.getAttribute('mode') === 'redirect') {
      if (code === null) this.#announce('ready', {});
      else this.#announce('unsupported', { code });
      this.#show(code === null ? 'redirect' : 'unsupported');
      return;
    }
    const frame = part('iframe', 'frame', {
      src: `${this.#base}/embed/frame/${this.getAttribute('site') ?? 'default'}${this.#query}`,
      allow: `camera ${this.#base}; autoplay ${this.#base}`,
      title: this.getAttribute('label') ?? 'Camera check',
    });
    // Each page in the frame needs the token.
    frame.addEventListener('load', () => this.#tell({ type: 'hello', token: this.getAttribute('token') ?? '' }));
    this.#frame = frame;
    this.#root.append(frame);
    this.#show('loading');
    this.#timer = setTimeout(() => this.#silent(), SILENT_MS);
  }

  /** Closes the frame. The check stays as it is. */
  cancel() {
    this.#isStarted = false;
    this.#removeFrame();
    if (!FINAL.has(this.#status)) this.#become('idle');
  }

  reset() {
    this.#removeFrame();
    this.#checkId = null;
    this.#isAnnounced = false;
    this.#value = '';
    this.#become('idle');
    if (this.#isStarted || this.hasAttribute('autostart')) this.start();
  }

  get #base() { return new URL(this.getAttribute('base') ?? import.meta.url, location.href).origin; }

  get #query() {
    const locale = this.getAttribute('locale');
    return locale ? `?lang=${locale}` : '';
  }

  /** @param {MessageEvent} event */
  #heard({ source, origin, data }) {
    const isOurs = source === this.#frame?.contentWindow && origin === this.#base;
    if (!this.#frame || !isOurs || data?.blinkgate !== MARK) return;
    clearTimeout(this.#timer);
    const { type, ...detail } = data;
    delete detail.blinkgate;
    if (typeof detail.check === 'string') this.#checkId = detail.check;
    if (type === 'ready') {
      this.#show('open');
      this.#announce('ready', {});
    } else if (FINAL.has(type)) {
      this.#removeFrame();
      if (type === 'verified') this.#value = String(detail.token ?? '');
      this.#become(type);
      this.#emit(type, type === 'verified' ? { token: this.#value, check: this.#checkId } : { check: this.#checkId });
    } else if (type === 'state') {
      this.#become(String(detail.status), 'open');
    } else if (REPORTED.has(type)) {
      if (type === 'permission' && detail.state === 'denied') this.#show('denied');
      else if (type === 'error' && NO_CAMERA.has(detail.code)) this.#show('no-camera');
      this.#emit(type, detail);
    }
  }

  #silent() {
    this.#announce('unsupported', { code: 'frame_silent' });
    this.#emit('error', { code: 'frame_silent', recoverable: true });
    this.#show('unsupported');
  }

  /** @param {object} message */
  #tell(message) { this.#frame?.contentWindow?.postMessage({ ...message, blinkgate: MARK }, this.#base); }

  #removeFrame() {
    clearTimeout(this.#timer);
    this.#frame?.remove();
    this.#frame = null;
  }

  /** @param {string} status @param {string} [screen] */
  #become(status, screen = status) {
    this.#show(screen);
    if (status === this.#status) return;
    this.#status = status;
    this.#emit('statechange', { status });
  }

  /** @param {string} screen */
  #show(screen) {
    const [name, textContent] = SCREENS[screen] ?? [screen, ''];
    this.#screen = screen;
    this.setAttribute('state', screen);
    Object.assign(this.#slot, { name, textContent });
    this.#button.hidden = screen !== 'idle';
    this.#link.hidden = name !== 'unsupported';
    this.#link.href = `${this.#base}/c${this.#query}#${this.getAttribute('token') ?? ''}`;
    this.#validate();
  }

  #validate() {
    this.#internals?.setFormValue(this.#value === '' ? null : this.#value);
    const flags = { valueMissing: this.hasAttribute('required') && this.#value === '' };
    // Where the message is shown.
    const place = this.#frame ?? (this.#link.hidden ? this.#button : this.#link);
    this.#internals?.setValidity(flags, 'Please do the camera check.', place);
  }

  /** `ready` or `unsupported`, once. @param {string} type @param {object} detail */
  #announce(type, detail) {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#emit(type, detail);
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

if (!customElements.get('blink-check')) customElements.define('blink-check', BlinkCheck);
