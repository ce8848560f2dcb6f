// A shop that asks for a check before an order. Node.js without packages; everything is in memory.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { Blinkgate } from './blinkgate.mjs';
import { Refused, acceptResult } from './result.mjs';
import { eventOf } from './webhook.mjs';

/**
 * As strict as a site can be: no script of its own. The order's form leads to Blinkgate, or its element stands in the
 * page: one script and one frame, both Blinkgate's. @param {string} base
 */
const csp = (base) =>
  `default-src 'none'; style-src 'self'; img-src 'self'; script-src ${base}; frame-src ${base}; ` +
  `form-action 'self' ${base}; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`;
/** Largest body that is read. */
const MAX_BODY = 20_000;

/**
 * @param {{base: string, key: string, site: string, tests: boolean, webhookSecret?: string, address: string}} settings
 *   `tests`: whether results of test mode are welcome; never in production
 */
export function shop({ base, key, site, tests, webhookSecret, address }) {
  const blinkgate = new Blinkgate(base, key);
  /** What is known of each visit, by its cookie. */
  const visits = new Map();
  const used = new Set();
  const seen = new Set();
  const events = [];

  const routes = {
    'GET /': (visit) => page(visit.verified ? `Thank you, ${visit.reference}. Your order is placed.` : ORDER),
    'POST /order': async (visit, body) => {
      const form = new URLSearchParams(body);
      const isHere = form.get('way') === 'here';
      // New for each order and bound to this visit, so that nobody can bring another visitor's result.
      const reference = `customer-${random().slice(0, 6)}`;
      Object.assign(visit, { nonce: random(), state: random(), reference, check: undefined, verified: false });
      const check = await blinkgate.makeCheck({
        email: form.get('email') ?? '',
        // Who stays types a code; who goes opens the mailed link.
        gate: isHere ? 'code' : 'link',
        reference: visit.reference,
        nonce: visit.nonce,
        state: visit.state,
        return_url: `${address}/back`,
      });
      visit.check = check.id;
      if (isHere) return page(element(base, site, check.client_token));
      return { status: 303, headers: { location: check.url } };
    },
    // The form around the element: it sends the signed result.
    'POST /done': (visit, body) => decide(visit, () => new URLSearchParams(body).get('blink-token') ?? ''),
    // The person is back. What stands in the address is a hint; the result decides.
    'GET /back': async (visit, _, query) => {
      if (visit.state === undefined || query.get('state') !== visit.state) return page('This is not your order.', 403);
      return decide(visit, () => blinkgate.result(visit.check));
    },
    'POST /hook': (_, body, __, headers) => {
      const event = webhookSecret && eventOf(webhookSecret, headers, body);
      if (!event) return { status: 401 };
      if (!seen.has(event.id)) events.push(event);
      seen.add(event.id);
      // An operator took it back, or the person's data was erased: so does the shop.
      for (const [id, visit] of visits) {
        if (visit.check !== event.data.check) continue;
        if (event.type === 'check.revoked') visit.verified = false;
        if (event.type === 'check.redacted') visits.delete(id);
      }
      return { status: 204 };
    },
    // Browsers ask for it by themselves.
    'GET /favicon.ico': () => ({ status: 204 }),
    'GET /shop.css': () => ({ status: 200, headers: { 'content-type': 'text/css' }, body: CSS }),
  };

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, address);
    const route = routes[`${request.method} ${pathname}`];
    const [id, visit] = visitOf(request.headers.cookie, pathname);
    let answer;
    try {
      const body = await read(request);
      answer = route ? await route(visit, body, searchParams, request.headers) : page('Nothing here.', 404);
    } catch (error) {
      console.error(String(error));
      answer = page('This did not work. Check the address and try again. <a href="/">Back</a>', 502);
    }
    const headers = { 'content-security-policy': csp(base), 'referrer-policy': 'no-referrer', ...answer.headers };
    if (visits.has(id)) headers['set-cookie'] = `visit=${id}; Path=/; HttpOnly; SameSite=Lax`;
    response.writeHead(answer.status, headers).end(answer.body);
  });
  return { server, events };

  async function decide(visit, result) {
    // Somebody pressed the button twice.
    if (visit.verified) return { status: 303, headers: { location: '/' } };
    try {
      const expected = {
        issuer: base,
        audience: tests ? `test:${site}` : site,
        check: visit.check,
        nonce: visit.nonce,
        reference: visit.reference,
        methods: ['prompted', 'tone_guided', 'natural', 'reviewed'],
        mailboxes: ['proven_by_us'],
        used,
      };
      acceptResult(await result(), await blinkgate.keys(), expected);
      visit.verified = true;
      return { status: 303, headers: { location: '/' } };
    } catch (error) {
      // No answer means not verified, too.
      const why = error instanceof Refused ? error.message : 'there is no result';
      return page(`Not verified: ${why}. <a href="/">Start again</a>`, 403);
    }
  }

  /** The visit of this cookie, or a new one, which is kept as soon as something is ordered. */
  function visitOf(cookie, pathname) {
    const known = /(?:^|; )visit=([\w-]+)/.exec(cookie ?? '')?.[1];
    if (known !== undefined && visits.has(known)) return [known, visits.get(known)];
    const id = random();
    const visit = {};
    if (pathname === '/order') visits.set(id, visit);
    return [id, visit];
  }
}

function random() {
  return randomBytes(16).toString('base64url');
}

async function read(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > MAX_BODY) throw new Error('too large');
  }
  return body;
}

const ORDER = `<form method="post" action="/order">
<p>One last step: we would like to see that a live person uses this mailbox.</p>
<label>E-mail address <input name="email" type="email" required></label> <button>Order</button>
<button name="way" value="here">Order without leaving the shop</button>
</form>`;

/** The check in the page. @param {string} base @param {string} site @param {string} token */
const element = (base, site, token) => `<script type="module" src="${base}/embed/v1/blink-check.js"></script>
<form method="post" action="/done">
<blink-check site="${site}" token="${token}" name="blink-token" autostart required></blink-check>
<p><button>Place the order</button></p>
</form>`;

const CSS = 'body{font-family:sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}';

function page(content, status = 200) {
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>The Shop</title>
<link rel="stylesheet" href="/shop.css"><h1>The Shop</h1><main>${content}</main></html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}
