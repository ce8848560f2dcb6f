// @ts-check
/** The check without a head turn: who gets it, and what a site that refuses it says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { afterEach } from 'node:test';

import { challenge } from '../../www/assets/api.js';
import { INITIAL, next } from '../../www/assets/flow.js';
import { problemMessage } from '../../www/assets/messages.js';

const { fetch: realFetch } = globalThis;
afterEach(() => { globalThis.fetch = realFetch; });

test('the first screen offers it beside the tones, and not ticked', () => {
  const html = readFileSync(new URL('../../www/camera.html', import.meta.url), 'utf8');
  const [tones, noTurn] = [html.indexOf('id="tones"'), html.indexOf('<input type="checkbox" id="no-turn">')];
  assert.ok(tones > 0 && noTurn > tones && noTurn < html.indexOf('id="start"'));
});

/** The body of the request for a challenge. @param {import('../../www/assets/api.js').Wishes} wishes */
async function bodyFor(wishes) {
  let body = '';
  globalThis.fetch = async (_, init) => {
    body = String(init?.body);
    return new Response('{"challenge_id":"c1"}');
  };
  await challenge('key', 25.4, wishes, 'consent');
  return JSON.parse(body);
}

test('more blinks instead of a turn are asked for only if the person chose that', async () => {
  const usual = { public_key: 'key', rate: 254, tone_guided: false, no_turn: false, more_time: 1, consent: 'consent' };
  const wishes = /** @type {const} */ ({ toneGuided: false, noTurn: false, moreTime: 1 });
  assert.deepEqual(await bodyFor(wishes), usual);
  assert.deepEqual(await bodyFor({ ...wishes, noTurn: true }), { ...usual, no_turn: true });
  assert.deepEqual(
    await bodyFor({ toneGuided: true, noTurn: true, moreTime: 10 }),
    { ...usual, tone_guided: true, no_turn: true, more_time: 10 },
  );
});

test('a site that needs the turn says what to do, costs no attempt, and leads back to the first screen', () => {
  const refused = next({ ...INITIAL, name: 'preparing' }, { type: 'FAILED', code: 'turn_required' });
  assert.deepEqual([refused.name, refused.code, refused.recovery], ['error', 'turn_required', 'boot']);
  assert.equal(next(refused, { type: 'RETRY' }).name, 'boot');
  const { title, text } = problemMessage('turn_required');
  assert.equal(title, 'Here you need to turn your head');
  assert.match(text, /A small turn is enough.*place the device.*ask the people who run this site for another way/);
});
