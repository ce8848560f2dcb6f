// @ts-check
/** The pages' only error type: something failed for a reason with a stable code, which has a text. */

export class Problem extends Error {
  /**
   * @param {string} code
   * @param {{detail?: string | null, status?: number, requestId?: string | null, retryAfterMs?: number | null, cause?:
   *   unknown}} [about]
   */
  constructor(code, about = {}) {
    super(about.detail ?? code, { cause: about.cause });
    this.name = 'Problem';
    this.code = code;
    /** The server's sentence for the person. */
    this.detail = about.detail ?? null;
    this.status = about.status ?? 0;
    this.requestId = about.requestId ?? null;
    this.retryAfterMs = about.retryAfterMs ?? null;
  }
}

/** Anything thrown as a problem; other errors get the code `otherwise`.
 * @param {unknown} error @param {string} [otherwise] @returns {Problem} */
export function asProblem(error, otherwise = 'unexpected') {
  return error instanceof Problem ? error : new Problem(otherwise, { cause: error });
}

/** Whether `error` only means that the work was aborted. @param {unknown} error */
export function isAbort(error) {
  return error instanceof Error && error.name === 'AbortError';
}

/** The error of aborted work. */
export function aborted() {
  return new DOMException('aborted', 'AbortError');
}
