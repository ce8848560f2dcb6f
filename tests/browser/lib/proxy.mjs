// A proxy in front of a server: records what travels, and can change it on the way.
import { createServer, request } from 'node:http';

/**
 * Starts the proxy on its own port; `aim` sets where it forwards requests.
 * @returns {Promise<{base: string,
 *   sent: {path: string, status: number, bytes: number, encoding: string, caching: string}[],
 *   aim: (base: string) => void, alter: (change: Alter) => void, stop: () => Promise<void>}>}
 * @typedef {{ask?: (path: string) => string, answer?: (path: string, body: Buffer, headers: object) => Buffer}} Alter
 *   `ask`: the path to request instead; `answer`: the body to send instead, given the uncompressed body
 */
export async function startProxy() {
  const sent = [];
  let target = '';
  let change = {};
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    // A body can only be changed uncompressed.
    const asked = change.answer ? { ...headers, 'accept-encoding': 'identity', 'if-none-match': '' } : headers;
    const onward = request(new URL(change.ask?.(url) ?? url, target), { method, headers: asked }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      let body = Buffer.concat(chunks);
      const answered = { ...answer.headers };
      if (change.answer) {
        body = change.answer(url, body, answered);
        if ('content-length' in answered && method !== 'HEAD') answered['content-length'] = String(body.length);
      }
      sent.push({
        path: new URL(url, target).pathname,
        status: answer.statusCode,
        bytes: body.length,
        encoding: answered['content-encoding'] ?? '',
        caching: answered['cache-control'] ?? '',
      });
      outgoing.writeHead(answer.statusCode, answered);
      outgoing.end(body);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await new Promise((done) => { proxy.once('listening', done); });
  return {
    base: `http://localhost:${proxy.address().port}`,
    sent,
    aim: (base) => { target = base; },
    alter: (next) => { change = next; },
    async stop() {
      proxy.closeAllConnections();
      await new Promise((done) => { proxy.close(done); });
    },
  };
}
