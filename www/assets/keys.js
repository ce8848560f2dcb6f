// @ts-check
/**
 * The key of one challenge: a non-extractable Ed25519 key of the browser if it supports them, else one of the engine.
 */

import { base64url } from './base64url.js';

/** @typedef {import('./engine-client.js').EngineClient} EngineClient */
/**
 * @typedef {{kind: 'webcrypto' | 'soft', publicKey: Uint8Array, sign: (input: string) => Promise<Uint8Array>}}
 *   SigningKey
 */

/** @param {Pick<EngineClient, 'softPublicKey' | 'softSign'>} engine @returns {Promise<SigningKey>} */
export async function makeKey(engine) {
  return (
    (await browserKey()) ?? {
      kind: 'soft',
      publicKey: await engine.softPublicKey(),
      sign: (input) => engine.softSign(input),
    }
  );
}

/** @returns {Promise<SigningKey | null>} `null` where the browser cannot */
async function browserKey() {
  try {
    const { subtle } = globalThis.crypto;
    const pair = /** @type {CryptoKeyPair} */ (
      await subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])
    );
    const publicKey = new Uint8Array(await subtle.exportKey('raw', pair.publicKey));
    const sign = async (/** @type {string} */ input) =>
      new Uint8Array(await subtle.sign({ name: 'Ed25519' }, pair.privateKey, new TextEncoder().encode(input)));
    return { kind: 'webcrypto', publicKey, sign };
  } catch {
    return null;
  }
}

/**
 * The compact JWS of a signing input.
 * @param {SigningKey} key @param {string} signingInput @returns {Promise<string>}
 */
export async function compactJws(key, signingInput) {
  return `${signingInput}.${base64url(await key.sign(signingInput))}`;
}
