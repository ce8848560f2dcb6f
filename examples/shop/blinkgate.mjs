// Talks to Blinkgate: the calls that a shop needs. Whatever goes wrong is an error, and an error is never "verified".
import { randomUUID } from 'node:crypto';

/** Time for one request. */
const TIMEOUT_MS = 10_000;

export class Blinkgate {
  /** @param {string} base its address @param {string} key of the site */
  constructor(base, key) {
    this.base = base;
    this.key = key;
  }

  /** @param {object} wanted see POST /v1/checks */
  makeCheck(wanted) {
    return this.#ask('POST', '/v1/checks', wanted).then((answer) => answer.json());
  }

  /** The signed result of a check that has ended. @param {string} id */
  result(id) {
    return this.#ask('GET', `/v1/checks/${encodeURIComponent(id)}/result`).then((answer) => answer.text());
  }

  /** The keys that sign results. A site with more visitors keeps them for five minutes. */
  keys() {
    return this.#ask('GET', '/.well-known/jwks.json').then((answer) => answer.json());
  }

  async #ask(method, path, body) {
    const headers = { authorization: `Bearer ${this.key}`, 'idempotency-key': randomUUID() };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const once = () => {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      return fetch(`${this.base}${path}`, { method, headers, body: JSON.stringify(body), signal });
    };
    // If the connection was lost, nobody knows whether it was carried out: with the same key it is, once.
    const answer = await once().catch(once);
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    throw new Error(`${method} ${path}: ${answer.status} ${problem.code ?? ''} ${problem.parameter ?? ''}`);
  }
}
