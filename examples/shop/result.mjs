// Verifies results of checks: the signature, and everything else that a site must look at. Knows no HTTP.
import { createPublicKey, verify } from 'node:crypto';

/** How far the clocks of two machines may be apart, in seconds. */
const CLOCK_S = 60;

/** Why a result is refused. */
export class Refused extends Error {}

/**
 * The claims of a result, if the site may rely on it; throws [`Refused`] otherwise.
 * @param {string} token
 * @param {{keys: {kid: string}[]}} jwks from `/.well-known/jwks.json`
 * @param {{issuer: string, audience: string, check: string, nonce: string, reference: string, methods: string[],
 *   mailboxes: string[], used: Set<string>, now?: number}} expected `audience`: the site's id, with `test:` in front
 *   only where tests are welcome; `used`: results that were accepted before
 */
export function acceptResult(token, jwks, expected) {
  const { header, claims, signed, signature } = parts(token);
  refuseIf(header.alg !== 'EdDSA' || header.typ !== 'blinkgate-result+jwt', 'it is no result');
  const key = jwks.keys.find(({ kid }) => kid === header.kid);
  refuseIf(key === undefined, 'its key is unknown or revoked');
  const isGenuine = verify(null, Buffer.from(signed), createPublicKey({ key, format: 'jwk' }), signature);
  refuseIf(!isGenuine, 'its signature is wrong');

  const now = expected.now ?? Date.now() / 1000;
  refuseIf(claims.iss !== expected.issuer, 'another server made it');
  refuseIf(claims.aud !== expected.audience, 'it is for another site, or a test');
  refuseIf(claims.iat > now + CLOCK_S || claims.exp < now - CLOCK_S, 'it is too old');
  refuseIf(claims.sub !== expected.check, 'it is about another check');
  refuseIf(claims.nonce !== expected.nonce, 'it belongs to another visit');
  refuseIf(claims.reference !== expected.reference, 'it is about somebody else');
  refuseIf(claims.status !== 'verified', `the check is ${claims.status}`);
  refuseIf(!expected.methods.includes(claims.method), `the method ${claims.method} is not enough here`);
  refuseIf(!expected.mailboxes.includes(claims.mailbox), `a mailbox ${claims.mailbox} is not enough here`);
  refuseIf(expected.used.has(claims.jti), 'it was used before');
  expected.used.add(claims.jti);
  return claims;
}

function parts(token) {
  const [header, claims, signature, ...more] = String(token).split('.');
  try {
    if (signature === undefined || more.length > 0) throw new Error('not three parts');
    return {
      header: JSON.parse(Buffer.from(header, 'base64url').toString()),
      claims: JSON.parse(Buffer.from(claims, 'base64url').toString()),
      signed: `${header}.${claims}`,
      signature: Buffer.from(signature, 'base64url'),
    };
  } catch {
    throw new Refused('it is no result');
  }
}

function refuseIf(condition, why) {
  if (condition) throw new Refused(why);
}
