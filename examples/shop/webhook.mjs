// Verifies webhooks (Standard Webhooks 1.0). In your own site, use the library: https://www.standardwebhooks.com
import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old a request may be, in seconds. */
const TOLERANCE_S = 300;

/**
 * The event in a request, or `null` if it was not sent by the holder of the secret, just now.
 * @param {string} secret `whsec_…` @param {Record<string, string>} headers @param {string} body as it arrived
 */
export function eventOf(secret, headers, body, now = Date.now() / 1000) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !signatures || !(Math.abs(now - Number(timestamp)) <= TOLERANCE_S)) return null;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const isGenuine = signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return signature.startsWith('v1,') && given.length === expected.length && timingSafeEqual(given, expected);
  });
  return isGenuine ? { id, ...JSON.parse(body) } : null;
}
