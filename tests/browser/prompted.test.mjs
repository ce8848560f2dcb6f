// The default path: three gestures, prompted one by one, in a real browser against a real server.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { portraitClip, skipWithout } from './lib/clips.mjs';
import { answerPrompts, portraitPerson, recordedPerson } from './lib/person.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, messageCode, openVisitor, screen } from './lib/visitor.mjs';

/** Bytes that one attempt may upload. */
const UPLOAD_BUDGET = 120_000;

const PROMPTED = { CHALLENGE_POLICY: 'prompted', REVIEW_SIGNALS: 'true' };

let common;
let people = 0;
before(async () => { common = await startServer(PROMPTED); });
after(async () => { await common?.stop(); });

/**
 * Brings a visitor with this person in front of the camera to the camera page and runs `steps`, each time with another
 * address. Without `settings` the tests share a server.
 */
async function withPerson(frames, steps, { mistakes = 0, clip = null, settings = null } = {}) {
  const server = settings === null ? common : await startServer({ ...PROMPTED, ...settings });
  const visitor = await openVisitor({ clip });
  people += 1;
  const email = `prompted${people}@example.org`;
  try {
    if (frames !== null) await answerPrompts(visitor.context, frames, { mistakes });
    await comeToCamera(visitor, server, email);
    await screen(visitor.page, ['priming']);
    await steps(visitor, server, email);
    assert.deepEqual(visitor.errors.filter((error) => !/status of 422/.test(error)), [], 'the console reported errors');
    assert.deepEqual(visitor.hosts(), [new URL(server.base).host], 'another host was asked');
  } catch (error) {
    await visitor.page.screenshot({ path: join(process.env.SHOTS ?? server.data, 'failure.png') }).catch(() => {});
    console.log(server.log(), server.rows(`select reason, details from verification_events where email = '${email}'`));
    console.log(cuesOf(server, email, 'round, step, gesture, outcome, committed_at - revealed_at as took'));
    throw error;
  } finally {
    await visitor.close();
    if (server !== common) await server.stop();
  }
}

/** The rows of all cues in the attempt of this address. */
const cuesOf = (server, email, columns) => server.rows(`select ${columns} from challenge_cues
  where challenge_id in (select challenge_id from verification_events where email = '${email}') order by round`);

const PEOPLE = [
  ['the free portrait', portraitPerson],
  ['a man with glasses', () => recordedPerson('liveportrait__d13.mp4')],
  ['a woman who blinks often', () => recordedPerson('videoretalking__4.mp4')],
];

for (const [who, framesOf] of PEOPLE) {
  test(`${who} follows three prompts and is VERIFIED`, async (t) => {
    const frames = framesOf();
    if (skipWithout(frames, t, who)) return;
    await withPerson(frames, async ({ page, requests }, server, email) => {
      await page.click('#start');
      assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
      const [event] = server.rows(`select status, policy, details, open_capture_ref, closed_capture_ref, strip_ref,
        transcript, issued, review from verification_events where email = '${email}'`);
      assert.deepEqual([event.status, event.policy], ['VERIFIED', 'prompted']);
      for (const ref of [event.open_capture_ref, event.closed_capture_ref, event.strip_ref]) {
        assert.ok(existsSync(await server.capture(ref)), ref);
      }
      const rounds = JSON.parse(event.issued).rounds;
      const done = rounds.filter((round) => round.outcome === 'done').map((round) => round.cue.gesture);
      assert.equal(done.length, 3);
      assert.ok(done.every((gesture, i) => gesture !== done[i - 1]), `${done}`);
      assert.equal(done.filter((gesture) => gesture.startsWith('turn_')).length, 1, `${done}`);
      const { strip } = JSON.parse(event.details);
      const chunks = requests.filter((request) => request.method() === 'PATCH');
      const lengths = await Promise.all(
        chunks.map(async (request) => Number((await request.allHeaders())['content-length'])),
      );
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      const apart = Math.max(...strip.cells.map((cell) => Math.abs(cell.ear - cell.claimed)));
      console.log(
        `${who}: ${rounds.length} rounds (${done}), ${strip.cells.length} cells at most ${apart.toFixed(3)} from the`,
        `recorded values, transcript ${event.transcript.length}, upload ${bytes} bytes`,
      );
      assert.equal(strip.cells.length, 24);
      const { marks } = strip.signals;
      assert.deepEqual(event.review && JSON.parse(event.review).signals, marks.length === 0 ? null : marks);
      assert.ok(bytes <= UPLOAD_BUDGET, `${bytes} bytes were uploaded`);
    });
  });
}

test('a wrong gesture is forgiven', async () => {
  await withPerson(portraitPerson(), async ({ page }, server, email) => {
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
    const outcomes = cuesOf(server, email, 'outcome').map((row) => row.outcome);
    assert.equal(outcomes.filter((outcome) => outcome === 'missed').length, 1, `${outcomes}`);
  }, { mistakes: 1 });
});

test('repeated wrong gestures fail the attempt, with the reason and the chance to try again', async () => {
  await withPerson(portraitPerson(), async ({ page }, server, email) => {
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'failed');
    await messageCode(page, 'prompt_missed');
    const reasons = server.rows(`select reason from verification_events where email = '${email}'`);
    assert.deepEqual(reasons, [{ reason: 'prompt_missed' }]);
    assert.equal(await page.locator('#failed-actions button').count(), 1);
  }, { mistakes: 99 });
});

test('a recording of somebody who blinks is not accepted', async () => {
  await withPerson(null, async ({ page }, server, email) => {
    const cues = () => server.rows('select count(*) as n from challenge_cues')[0].n;
    const before = cues();
    await page.click('#start');
    const end = await screen(page, ['verified', 'failed', 'error'], 150_000);
    assert.notEqual(end, 'verified');
    // On a slow machine the challenge may expire while its end is being reported.
    if (end === 'error') await messageCode(page, 'challenge_expired');
    assert.ok(cues() > before, 'no gesture was asked for');
    const [{ status }] = server.rows(`select status from users where email = '${email}'`);
    assert.notEqual(status, 'VERIFIED');
  }, { clip: portraitClip() });
});

test('guided by tones, held closures and one turn are asked for, and the record says so', async () => {
  await withPerson(portraitPerson(), async ({ page }, server, email) => {
    await page.check('#tones');
    await page.click('#start');
    await screen(page, ['hearing']);
    await page.click('#tone-again');
    await page.click('#heard');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
    const policies = server.rows(`select policy from verification_events where email = '${email}'`);
    assert.deepEqual(policies, [{ policy: 'tone_guided' }]);
    const done = cuesOf(server, email, 'gesture, outcome').filter(({ outcome }) => outcome === 'done');
    const turns = done.filter(({ gesture }) => gesture.startsWith('turn_'));
    assert.equal(turns.length, 1);
    assert.ok(done.every((cue) => cue.gesture === 'hold' || turns.includes(cue)), JSON.stringify(done));
  });
});

test('whoever does not hear the tone can go on without it', async () => {
  await withPerson(portraitPerson(), async ({ page }, server, email) => {
    await page.check('#tones');
    await page.click('#start');
    await screen(page, ['hearing']);
    await page.click('[data-view="hearing"] summary');
    await page.click('#unheard');
    await messageCode(page, 'tone_unheard');
    assert.equal(await page.isChecked('#tones'), false);
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 120_000), 'verified');
    const policies = server.rows(`select policy from verification_events where email = '${email}'`);
    assert.deepEqual(policies, [{ policy: 'prompted' }]);
  });
});

test('whoever cannot turn their head makes more gestures with their eyes, and the record says so', async () => {
  await withPerson(portraitPerson(), async ({ page }, server, email) => {
    await page.check('#no-turn');
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 150_000), 'verified');
    const [{ issued }] = server.rows(`select issued from verification_events where email = '${email}'`);
    assert.equal(JSON.parse(issued).terms.turn, false);
    const gestures = cuesOf(server, email, 'gesture').map(({ gesture }) => gesture);
    assert.ok(gestures.every((gesture) => !gesture.startsWith('turn_')), `${gestures}`);
  });
});

test('a site that does not allow tones hides them, and refuses a page that asks anyway', async () => {
  await withPerson(portraitPerson(), async ({ page }) => {
    assert.equal(await page.isVisible('#tones'), false);
    await page.evaluate(() => { document.querySelector('#tones').checked = true; });
    await page.click('#start');
    assert.equal(await screen(page, ['verified', 'failed', 'error'], 60_000), 'error');
    await messageCode(page, 'tone_guided_refused');
  }, { settings: { ALLOW_TONE_GUIDED: 'false' } });
});
