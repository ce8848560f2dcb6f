// The main path as it is by default: three gestures, asked for one by one, in a real browser against a real server.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { portraitClip, skipWithout } from './lib/clips.mjs';
import { answerSigns, portraitPerson, recordedPerson } from './lib/person.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, messageCode, openVisitor, screen } from './lib/visitor.mjs';

/** Everything that one attempt sends. */
const UPLOAD_BUDGET = 120_000;

/** A server that asks for gestures, a visitor with this person before the camera, and their way to the camera page. */
async function withPerson(frames, steps, { mistakes = 0, clip = null, settings = {} } = {}) {
  const server = await startServer({ CHALLENGE_POLICY: 'prompted', ...settings });
  const visitor = await openVisitor({ clip });
  try {
    if (frames !== null) await answerSigns(visitor.context, frames, { mistakes });
    await comeToCamera(visitor, server);
    await screen(visitor.page, ['priming']);
    await steps(visitor, server);
    assert.deepEqual(visitor.errors.filter((error) => !/status of 422/.test(error)), [], 'the console reported errors');
    assert.deepEqual(visitor.hosts(), [new URL(server.base).host], 'another host was asked');
  } catch (error) {
    await visitor.page.screenshot({ path: join(process.env.SHOTS ?? server.data, 'failure.png') }).catch(() => {});
    console.log(server.log(), server.rows('select reason, details from verification_events'));
    console.log(server.rows('select round, step, gesture, outcome, committed_at - revealed_at as took from challenge_cues'));
    throw error;
  } finally {
    await visitor.close();
    await server.stop();
  }
}

const PEOPLE = [
  ['the free portrait', portraitPerson],
  ['a man with glasses', () => recordedPerson('liveportrait__d13.mp4')],
  ['a woman who blinks often', () => recordedPerson('videoretalking__4.mp4')],
];

for (const [who, framesOf] of PEOPLE) {
  test(`${who} follows three signs and is VERIFIED`, async (t) => {
    const frames = framesOf();
    if (skipWithout(frames, t, who)) return;
    await withPerson(frames, async ({ page, requests }, server) => {
      await page.click('#start');
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
      const [event] = server.rows('select status, policy, details, open_capture_ref, closed_capture_ref, strip_ref, transcript, issued from verification_events');
      assert.deepEqual([event.status, event.policy], ['VERIFIED', 'prompted']);
      for (const ref of [event.open_capture_ref, event.closed_capture_ref, event.strip_ref]) assert.ok(existsSync(await server.capture(ref)), ref);
      const rounds = JSON.parse(event.issued).rounds;
      const done = rounds.filter((round) => round.outcome === 'done').map((round) => round.cue.gesture);
      assert.equal(done.length, 3);
      assert.ok(done.every((gesture, i) => gesture !== done[i - 1]), `${done}`);
      const { strip } = JSON.parse(event.details);
      const chunks = requests.filter((request) => request.method() === 'PATCH');
      const lengths = await Promise.all(chunks.map(async (request) => Number((await request.allHeaders())['content-length'])));
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      const apart = Math.max(...strip.cells.map((cell) => Math.abs(cell.ear - cell.claimed)));
      console.log(`${who}: ${rounds.length} rounds (${done}), ${strip.cells.length} cells at most ${apart.toFixed(3)} from what was recorded, transcript ${event.transcript.length}, upload ${bytes} bytes`);
      assert.equal(strip.cells.length, 24);
      assert.ok(bytes <= UPLOAD_BUDGET, `${bytes} bytes were uploaded`);
    });
  });
}

test('two wrong gestures are forgiven', async () => {
  await withPerson(portraitPerson(), async ({ page }, server) => {
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
    const outcomes = server.rows('select outcome from challenge_cues').map((row) => row.outcome);
    assert.equal(outcomes.filter((outcome) => outcome === 'missed').length, 2, `${outcomes}`);
  }, { mistakes: 2 });
});

test('who makes the wrong gesture again and again fails, is told so and may try again', async () => {
  await withPerson(portraitPerson(), async ({ page }, server) => {
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'failed');
    await messageCode(page, 'prompt_missed');
    assert.deepEqual(server.rows('select reason from verification_events'), [{ reason: 'prompt_missed' }]);
    assert.equal(await page.locator('#failed-actions button').count(), 1);
  }, { mistakes: 99 });
});

test('a recording of somebody who blinks is not accepted', async () => {
  await withPerson(null, async ({ page }, server) => {
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 150_000), 'failed');
    assert.deepEqual(server.rows("select count(*) as n from users where status = 'VERIFIED'"), [{ n: 0 }]);
  }, { clip: portraitClip() });
});

test('guided by tones, only eyes that are held closed are asked for, and the record says so', async () => {
  await withPerson(portraitPerson(), async ({ page }, server) => {
    await page.check('#tones');
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
    assert.deepEqual(server.rows('select policy from verification_events'), [{ policy: 'tone_guided' }]);
    assert.deepEqual(server.rows('select distinct gesture from challenge_cues'), [{ gesture: 'hold' }]);
  });
});

test('a site that refuses tones does not offer them, and says so to who asks all the same', async () => {
  await withPerson(portraitPerson(), async ({ page }) => {
    assert.equal(await page.isVisible('#tones'), false);
    await page.evaluate(() => { document.querySelector('#tones').checked = true; });
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 60_000), 'error');
    await messageCode(page, 'tone_guided_refused');
  }, { settings: { ALLOW_TONE_GUIDED: 'false' } });
});
