/**
 * A site's backend in TypeScript, with a client that is generated from `docs/openapi.json`: the types by
 * `openapi-typescript`, the requests by `openapi-fetch`. It shows that the description is enough to write a client, and
 * that the server answers as the types say. `client.test.mjs` generates the types, compiles this file with
 * `tsc --strict`, and runs it against a server:
 *
 *     node smoke.js http://localhost:8080 bk_test_…
 *
 * The key is one for tests (`blinkgate keys add NAME --site ID --test --scope checks:write,checks:read,webhooks`).
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import type { components, paths } from 'blinkgate-api';
import createClient from 'openapi-fetch';

type Schemas = components['schemas'];

/** A site that asks about a mailbox, with a key for tests. */
async function relyOn(base: string, key: string): Promise<void> {
  const site = createClient<paths>({ baseUrl: base, headers: { authorization: `Bearer ${key}` } });
  const reference = `user-${randomUUID()}`;
  const nonce = randomUUID();

  // A check, and the same again after a lost connection.
  const body: Schemas['NewCheck'] = {
    email: 'pass@test.blinkgate', gate: 'site', reference, nonce, metadata: { action: 'signup' },
  };
  const params = { header: { 'Idempotency-Key': randomUUID() } };
  const made = taken(await site.POST('/v1/checks', { params, body }));
  const again = await site.POST('/v1/checks', { params, body });
  assert.equal(taken(again).id, made.id);
  assert.equal(again.response.headers.get('idempotent-replayed'), 'true');
  assert.ok(made.url?.startsWith(`${base}/c`) && made.client_token?.startsWith('ct_'));

  // It is decided at once. `status` is one of the states, `last_failure` an object or null.
  const check = taken(await site.GET('/v1/checks/{id}', { params: { path: { id: made.id } } }));
  const status: Schemas['CheckState'] = check.status;
  assert.equal(status, 'verified');
  assert.equal(check.test, true);
  assert.equal(check.last_failure?.code, undefined);
  assert.equal(check.metadata['action'], 'signup');

  // The list, with filters.
  const list = taken(await site.GET('/v1/checks', { params: { query: { reference, status: 'verified', limit: 10 } } }));
  assert.deepEqual(list.data.map(({ id }) => id), [made.id]);
  assert.equal(list.next, null);

  // The signed result, which is accepted once.
  const path = { id: made.id };
  const result = taken(await site.GET('/v1/checks/{id}/result', { params: { path }, parseAs: 'text' }));
  assert.equal(result.split('.').length, 3);
  const question: Schemas['SiteQuestion'] = { secret: key, response: result };
  const verdict = taken(await site.POST('/v1/siteverify', { body: question }));
  assert.deepEqual([verdict.success, verdict.nonce, verdict.cdata], [true, nonce, reference]);
  assert.deepEqual(verdict['error-codes'], []);
  const second = taken(await site.POST('/v1/siteverify', { body: question }));
  assert.deepEqual([second.success, second['error-codes']], [false, ['timeout-or-duplicate']]);

  // A webhook comes and goes. Its secret is told once.
  const wanted: Schemas['NewWebhook'] = { url: 'https://shop.example/hook', types: ['check.verified'] };
  const hook = taken(await site.POST('/v1/webhooks', { body: wanted }));
  assert.ok(hook.secret?.startsWith('whsec_'));
  const place = { params: { path: { id: hook.id } } };
  const detail = taken(await site.GET('/v1/webhooks/{id}', place));
  assert.deepEqual([detail.secret, detail.types, detail.deliveries], [null, ['check.verified'], []]);
  assert.equal((await site.DELETE('/v1/webhooks/{id}', place)).response.status, 204);
  refused(await site.GET('/v1/webhooks/{id}', place), 404, 'webhook_unknown');

  // Refusals are problems with a code.
  const nobody = { params: { path: { id: `chk_${'0'.repeat(32)}` } } };
  refused(await site.GET('/v1/checks/{id}', nobody), 404, 'check_unknown');
  const wrong = refused(await site.POST('/v1/checks', { body: { ...body, reference: '' } }), 400, 'request_invalid');
  assert.equal(wrong.parameter, 'reference');
  const stranger = createClient<paths>({ baseUrl: base });
  refused(await stranger.GET('/v1/checks', {}), 401, 'key_missing');
}

/** Only read by the compiler: what the types refuse. */
export async function mistakes(site: ReturnType<typeof createClient<paths>>): Promise<void> {
  // @ts-expect-error There is no such gate.
  await site.POST('/v1/checks', { body: { email: 'jo@example.com', gate: 'phone' } });
  // @ts-expect-error An address is needed.
  await site.POST('/v1/checks', { body: { gate: 'link' } });
  // @ts-expect-error There is no such filter.
  await site.GET('/v1/checks', { params: { query: { email: 'jo@example.com' } } });
  // @ts-expect-error There is no such route.
  await site.GET('/v1/check', {});
  const { error } = await site.GET('/v1/checks', {});
  // @ts-expect-error There is no such code.
  assert.notEqual(error?.code === 'check_missing', true);
}

/** What a request was answered with, if it was not refused. */
function taken<T>(answer: { data?: T, error?: Schemas['Problem'], response: Response }): T {
  assert.ok(answer.data !== undefined, `${answer.response.url}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

/** The problem that a request was refused with. */
function refused(
  answer: { error?: Schemas['Problem'], response: Response }, status: number, code: Schemas['ErrorCode'],
): Schemas['Problem'] {
  assert.ok(answer.error, `${answer.response.url} was not refused`);
  assert.deepEqual([answer.response.status, answer.error.status, answer.error.code], [status, status, code]);
  assert.equal(answer.response.headers.get('content-type'), 'application/problem+json');
  return answer.error;
}

const [base, key] = process.argv.slice(2);
assert.ok(base !== undefined && key !== undefined, 'name the server and a key for tests');
await relyOn(base, key);
console.log('the generated client works');
