// @ts-check
/** The one error of the pages: something could not be done, for a reason with a stable code that has a text. */

export class Problem extends Error {
  /**
   * @param {string} code
   * @param {{detail?: string | null, status?: number, requestId?: string | null, retryAfterMs?: number | null, cause?: unknown}} [about]
   */
  constructor(code, about = {}) {
    super(about.detail ?? code, { cause: about.cause });
    this.name = 'Problem';
    this.code = code;
    /** The server's own sentence for the person. */
    this.detail = about.detail ?? null;
    this.status = about.status ?? 0;
    this.requestId = about.requestId ?? null;
    this.retryAfterMs = about.retryAfterMs ?? null;
  }
}

/** Any thrown thing as a problem; one that is no problem yet gets the code `otherwise`.
 * @param {unknown} error @param {string} [otherwise] @returns {Problem} */
export function asProblem(error, otherwise = 'unexpected') {
  return error instanceof Problem ? error : new Problem(otherwise, { cause: error });
}

/** Whether `error` only says that nobody waits any more. @param {unknown} error */
export function isAbort(error) {
  return error instanceof Error && error.name === 'AbortError';
}

/** The error of work that nobody waits for any more. */
export function aborted() {
  return new DOMException('aborted', 'AbortError');
}
