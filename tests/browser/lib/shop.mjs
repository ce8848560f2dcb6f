// The example shop beside a server of its own, as another site: on another host.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { shop } from '../../../examples/shop/shop.mjs';
import { PROGRAM } from './paths.mjs';
import { startServer } from './server.mjs';

/** Starts both. `tests`: in test mode. @param {any} t of the test */
export async function openShop(t, { tests, settings = {} }) {
  const server = await startServer(settings);
  t.after(() => server.stop());
  const env = { ...process.env, DATA_DIR: server.data, DATABASE_URL: `sqlite://${server.data}/blinkgate.db` };
  const blinkgate = (...args) => execFileSync(PROGRAM, args, { env }).toString().trim();
  const store = { tests, base: server.base, site: 'shop', address: '' };
  const scopes = 'checks:write,checks:read,webhooks';
  blinkgate('sites', 'add', 'shop', '--private-host', '127.0.0.1');
  store.key = blinkgate('keys', 'add', 'shop', '--site', 'shop', '--scope', scopes, ...(tests ? ['--test'] : []));
  const place = shop(store).server.listen(0, '127.0.0.1');
  await once(place, 'listening');
  const address = `http://127.0.0.1:${place.address().port}`;
  place.close();
  await once(place, 'close');
  blinkgate('sites', 'set', 'shop', '--return-url', `${address}/back`, '--origin', address);
  const headers = { authorization: `Bearer ${store.key}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ url: `${address}/hook` });
  const hook = await fetch(`${server.base}/v1/webhooks`, { method: 'POST', headers, body });
  const { secret } = await hook.json();
  const opened = shop({ ...store, address, webhookSecret: secret });
  opened.server.listen(Number(new URL(address).port), '127.0.0.1');
  t.after(() => opened.server.close());
  return { server, address, events: opened.events, blinkgate, key: store.key };
}
