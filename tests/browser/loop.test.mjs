// A fixed film in front of the page as it is, with every choice that the page offers. LOOP_RUNS=20 plays it that often
// for each choice (docs/attacks.md).
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loopedPortrait } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, openVisitor, screen } from './lib/visitor.mjs';

const RUNS = Number(process.env.LOOP_RUNS ?? 1);

let server;
let people = 0;
before(async () => { server = await startServer({ CHALLENGE_POLICY: 'prompted' }); });
after(async () => { await server?.stop(); });

const CHOICES = process.env.LOOP_RUNS
  ? [[], ['#tones'], ['#no-turn'], ['#tones', '#no-turn']]
  : [['#tones'], ['#tones', '#no-turn']];

for (const choices of CHOICES) {
  const named = choices.length === 0 ? 'nothing' : choices.join(' and ');
  test(`a looped portrait is not VERIFIED with ${named} chosen`, async () => {
    const ends = {};
    for (let run = 0; run < RUNS; run += 1) {
      people += 1;
      const reason = await attempt(`loop${people}@example.org`, choices);
      ends[reason] = (ends[reason] ?? 0) + 1;
    }
    console.log(`looped portrait, ${named}: ${JSON.stringify(ends)}`);
    assert.equal(ends['verified'] ?? 0, 0);
  });
}

/** How the attempt ended: `verified`, or the reason of its event. */
async function attempt(email, choices) {
  const visitor = await openVisitor({ clip: loopedPortrait() });
  try {
    const { page } = visitor;
    await comeToCamera(visitor, server, email);
    await screen(page, ['priming']);
    for (const choice of choices) await page.check(choice);
    await page.click('#start');
    if (choices.includes('#tones')) {
      await screen(page, ['hearing']);
      await page.click('#heard');
    }
    const end = await screen(page, ['verified', 'failed', 'error'], 150_000);
    const [event] = server.rows(`select status, reason from verification_events where email = '${email}'`);
    // Without a cue the attempt was none, and the test would show nothing.
    const [{ told }] = server.rows(`select count(*) as told from challenge_cues where challenge_id in
      (select challenge_id from verification_events where email = '${email}')`);
    assert.ok(told > 0, 'no gesture was asked for');
    return event?.status === 'VERIFIED' ? 'verified' : event?.reason ?? end;
  } finally {
    await visitor.close();
  }
}
