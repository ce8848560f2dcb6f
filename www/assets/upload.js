// @ts-check
/** One upload of a submission, its bytes counted. By XMLHttpRequest: `fetch` does not tell how much was sent. */

import { OWN_PAGE, read, unreachable } from './api.js';
import { aborted } from './problem.js';

/** @typedef {import('./types.js').Submission} Submission */
/** @typedef {import('./types.js').Answer} Answer */

/** Long enough for 100 kB at 20 kbit/s and the check itself. */
const TIMEOUT_MS = 60_000;

/** @param {Submission} submission @param {(progress: import('./types.js').Progress) => void} onProgress @param {AbortSignal} signal @returns {Promise<Answer>} */
export function uploadOnce(submission, onProgress, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted());
    const request = new XMLHttpRequest();
    request.open('POST', '/api/submission');
    request.timeout = TIMEOUT_MS;
    for (const [name, value] of Object.entries(OWN_PAGE)) request.setRequestHeader(name, value);
    request.setRequestHeader('Idempotency-Key', submission.idempotency_key);
    request.upload.addEventListener('progress', ({ loaded, total, lengthComputable }) => onProgress({ loaded, total: lengthComputable ? total : null }));
    request.addEventListener('load', () => {
      try {
        resolve(read(request.status, (name) => request.getResponseHeader(name), request.responseText));
      } catch (problem) {
        reject(problem);
      }
    });
    request.addEventListener('error', () => reject(unreachable()));
    request.addEventListener('timeout', () => reject(unreachable('timeout')));
    request.addEventListener('abort', () => reject(aborted()));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form(submission));
  });
}

/** @param {Submission} submission */
function form({ challenge_id, transcript, open, closed }) {
  const form = new FormData();
  form.append('challenge_id', challenge_id);
  form.append('transcript', transcript);
  form.append('open', open, 'open.jpg');
  form.append('closed', closed, 'closed.jpg');
  return form;
}
