// A slow network that loses connections: 50 kbit/s, cut in the middle of the upload again and again.
// Needs a steady frame rate: runs only beside others that do (check_browser in scripts/lib/checks.sh).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portraitClip } from './lib/clips.mjs';
import { openLink } from './lib/link.mjs';
import { startServer } from './lib/server.mjs';
import { comeToCamera, openVisitor, screen } from './lib/visitor.mjs';

for (const seed of [1, 2]) {
  test(`an upload over 50 kbit/s resumes after every lost connection and ends VERIFIED, seed ${seed}`, async () => {
    const link = await openLink({ seed });
    const server = await startServer({ APP_BASE_URL: link.base });
    link.to(server.base);
    const visitor = await openVisitor({ clip: portraitClip() });
    const { page } = visitor;
    try {
      await comeToCamera(visitor, { ...server, base: link.base });
      await page.waitForSelector('#start');
      await page.evaluate(() => {
        const state = document.querySelector('#upload-state');
        globalThis.shown = [];
        new MutationObserver(() => globalThis.shown.push([state.dataset.code ?? null, state.textContent])).observe(
          state,
          { attributes: true, characterData: true, childList: true, subtree: true },
        );
      });
      await page.click('#start');
      // By now everything that the engine needs has arrived.
      await screen(page, ['recording'], 90_000);
      link.turnBad();
      const end = await screen(page, ['verified', 'failed', 'error'], 150_000);
      const shown = await page.evaluate(() => globalThis.shown);
      link.turnGood();
      assert.equal(end, 'verified', JSON.stringify(shown));

      const chunks = visitor.requests.filter((request) => request.method() === 'PATCH');
      const asked = visitor.requests.filter(
        (request) => request.method() === 'GET' && request.url().includes('/api/submission/'),
      );
      console.log(
        `seed ${seed}: ${link.cuts()} cuts, ${chunks.length} chunks,`,
        `asked for the offset ${asked.length} times, ${link.carried()} bytes in all`,
      );
      assert.ok(link.cuts() >= 2, `${link.cuts()} cuts`);
      assert.ok(
        shown.some(
          ([code, text]) => code === 'network' && text === 'The connection was lost. Sending will resume by itself.',
        ),
        JSON.stringify(shown),
      );
      assert.ok(shown.some(([, text]) => /^Sending [1-9].* of /.test(text)), JSON.stringify(shown));
      assert.deepEqual(server.rows('select status from users'), [{ status: 'VERIFIED' }]);
      assert.deepEqual(server.rows('select status, reason, attempt from verification_events'), [
        { status: 'VERIFIED', reason: null, attempt: 1 },
      ]);
      assert.deepEqual(server.rows('select count(*) as n from upload_chunks'), [{ n: 0 }]);
    } catch (error) {
      console.log(server.log());
      throw error;
    } finally {
      await visitor.close();
      await link.close();
      await server.stop();
    }
  });
}
