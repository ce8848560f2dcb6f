// @ts-check
/** The page's end of the engine's worker, with a simulated worker. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';

import { EngineClient } from '../../www/assets/engine-client.js';
import { hasText } from '../../www/assets/language.js';

/** @typedef {{id: number, op: string}} Request */
/** What the worker answers. @type {(request: Request) => object} */
let answer = () => ({});

before(() => {
  Object.assign(globalThis, {
    ImageData: class {},
    Worker: class {
      /** @type {Record<string, (event: object) => void>} */
      listeners = {};

      /** @param {string} type @param {(event: object) => void} listener */
      addEventListener(type, listener) {
        this.listeners[type] = listener;
      }

      /** @param {Request} request */
      postMessage(request) {
        setImmediate(() => this.listeners['message']?.({ data: { id: request.id, ...answer(request) } }));
      }

      terminate() {}
    },
  });
});
after(() => { for (const name of ['ImageData', 'Worker']) Reflect.deleteProperty(globalThis, name); });

test('the engine’s failures have codes with a text', async () => {
  /** @type {[engine: string, page: string][]} */
  const cases = [
    ['incomplete', 'captures_unusable'],
    ['model_corrupt', 'model_corrupt'],
    ['engine_version', 'engine_version'],
    ['terms_invalid', 'engine_failed'],
    ['constructor', 'engine_failed'],
    ['brand_new', 'engine_failed'],
  ];
  const engine = new EngineClient(() => undefined);
  for (const [code, expected] of cases) {
    answer = () => ({ problem: { code, message: 'why' } });
    await assert.rejects(engine.signingInput(), { name: 'Problem', code: expected }, code);
    assert.ok(hasText(`problem.${expected}.title`) && hasText(`problem.${expected}.text`), expected);
  }
});

test('a call gets the answer to itself', async () => {
  const engine = new EngineClient(() => undefined);
  answer = ({ op }) => ({ value: op });
  assert.deepEqual(await Promise.all([engine.signingInput(), engine.captures()]), ['signingInput', 'captures']);
});
