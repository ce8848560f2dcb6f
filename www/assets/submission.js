// @ts-check
/** What is uploaded: the signed transcript of a completed recording, and its pictures. */

import { compactJws } from './keys.js';

/** @typedef {import('./engine-client.js').EngineClient} EngineClient */

/**
 * @param {Pick<EngineClient, 'signingInput' | 'captures'>} engine whose recording is complete
 * @param {import('./keys.js').SigningKey} key @param {string} challengeId
 * @returns {Promise<import('./types.js').Submission>}
 */
export async function signedSubmission(engine, key, challengeId) {
  const transcript = new Blob([await compactJws(key, await engine.signingInput())]);
  const { open, closed, strip } = await engine.captures();
  return {
    challenge_id: challengeId,
    transcript,
    open: jpeg(open),
    closed: jpeg(closed),
    strip: jpeg(strip),
    idempotency_key: crypto.randomUUID(),
    begun: false,
  };
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
function jpeg(bytes) {
  return new Blob([bytes], { type: 'image/jpeg' });
}
