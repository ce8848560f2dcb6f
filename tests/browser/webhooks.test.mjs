// Webhooks, as a receiver in another language gets them: with the standard's own library, and with Node's Ed25519.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Webhook, WebhookVerificationError } from 'standardwebhooks';

import { PROGRAM } from './lib/paths.mjs';
import { startServer } from './lib/server.mjs';

/** The ASN.1 around an Ed25519 public key (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

test('the standard’s library accepts what is sent, and nothing that was changed', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const settings = { env: { ...process.env, DATA_DIR: server.data, DATABASE_URL: `sqlite://${server.data}/blinkgate.db` } };
  const blinkgate = (...args) => execFileSync(PROGRAM, args, settings).toString().trim();
  blinkgate('sites', 'add', 'shop', '--private-host', '127.0.0.1');
  const scopes = 'checks:write,webhooks';
  const key = blinkgate('keys', 'add', 'shop', '--site', 'shop', '--test', '--scope', scopes);

  const got = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => { body += bytes; });
    request.on('end', () => { got.push({ headers: request.headers, body }); response.writeHead(204).end(); });
  }).listen(0, '127.0.0.1');
  t.after(() => receiver.close());
  await once(receiver, 'listening');

  const post = async (path, body) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, await answer.clone().text());
    return answer.json();
  };
  const hook = await post('/v1/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/hook` });
  const check = await post('/v1/checks', { email: 'pass@test.blinkgate', reference: 'user-4711' });
  for (let tries = 0; got.length < 2 && tries < 200; tries++) await sleep(100);
  assert.deepEqual(got.map(({ body }) => JSON.parse(body).type).sort(), ['check.created', 'check.verified']);

  const library = new Webhook(hook.secret);
  for (const { headers, body } of got) {
    assert.equal(library.verify(body, headers).data.check, check.id);
    for (const changed of [body.replace('user-4711', 'user-4712'), `${body} `]) {
      assert.throws(() => library.verify(changed, headers), WebhookVerificationError);
    }
    const late = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 600) };
    assert.throws(() => library.verify(body, late), WebhookVerificationError);

    const der = Buffer.concat([SPKI, Buffer.from(hook.public_key.replace('whpk_', ''), 'base64')]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const signature = headers['webhook-signature'].split(' ').find((text) => text.startsWith('v1a,')).slice(4);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    assert.ok(verify(null, Buffer.from(signed), publicKey, Buffer.from(signature, 'base64')));
  }
  const stranger = new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
  assert.throws(() => stranger.verify(got[0].body, got[0].headers), WebhookVerificationError);
});
