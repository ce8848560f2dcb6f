// A proxy before a server: notes what travels, and can change it on its way.
import { createServer, request } from 'node:http';

/**
 * Starts it on a port of its own; `aim` says where it passes requests on to.
 * @returns {Promise<{base: string, sent: {path: string, status: number, bytes: number, encoding: string, caching: string}[],
 *   aim: (base: string) => void, alter: (change: Alter) => void, stop: () => Promise<void>}>}
 * @typedef {{ask?: (path: string) => string, answer?: (path: string, body: Buffer, headers: object) => Buffer}} Alter
 *   `ask`: the path to ask for instead; `answer`: the body to send instead, of a body that came unpacked
 */
export async function startProxy() {
  const sent = [];
  let target = '';
  let change = {};
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    // What is to be changed must be readable.
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
      sent.push({ path: new URL(url, target).pathname, status: answer.statusCode, bytes: body.length, encoding: answered['content-encoding'] ?? '', caching: answered['cache-control'] ?? '' });
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
