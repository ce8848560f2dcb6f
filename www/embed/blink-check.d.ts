/** Types of the element `<blink-check>`. docs/sites.md says what attributes, slots and events mean. */

export interface Support {
  supported: boolean;
  code: 'insecure' | 'wasm' | 'camera' | 'policy' | null;
}

/** Whether the camera check can run on this page. Asks for nothing. */
export function support(): Support;

export type BlinkStatus =
  | 'idle' | 'waiting' | 'open' | 'checking' | 'verified' | 'review' | 'failed' | 'canceled' | 'expired';

export interface BlinkCheckEvents {
  ready: CustomEvent<Record<string, never>>;
  unsupported: CustomEvent<{ code: string }>;
  statechange: CustomEvent<{ status: BlinkStatus }>;
  permission: CustomEvent<{ state: 'granted' | 'denied' }>;
  failure: CustomEvent<{ code: string; sentence: string; attemptsLeft: number }>;
  verified: CustomEvent<{ token: string; check: string }>;
  review: CustomEvent<{ check: string }>;
  failed: CustomEvent<{ check: string }>;
  canceled: CustomEvent<{ check: string }>;
  expired: CustomEvent<{ check: string }>;
  alternative: CustomEvent<Record<string, never>>;
  error: CustomEvent<{ code: string; recoverable: boolean }>;
}

export class BlinkCheck extends HTMLElement {
  static formAssociated: true;
  static check: typeof support;
  readonly status: BlinkStatus;
  readonly checkId: string | null;
  readonly name: string;
  /** The signed result, which the form sends; empty until the check is verified. */
  readonly value: string;
  start(): void;
  cancel(): void;
  reset(): void;
  addEventListener<K extends keyof BlinkCheckEvents>(
    type: K, listener: (this: BlinkCheck, event: BlinkCheckEvents[K]) => unknown, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'blink-check': BlinkCheck;
  }
}
