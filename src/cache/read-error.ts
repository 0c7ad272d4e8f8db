import type { FailurePolicy } from './failure-policy.ts';

/** Something that a {@link Cell} holds could not be read. The message is safe to show to callers: it never holds a secret. */
export abstract class ReadError extends Error {
  /** One word for logs, metrics and the audit record. */
  abstract readonly reason: string;
  /** What the other side said, for the log alone. */
  abstract readonly detail: string;
  abstract readonly policy: FailurePolicy;
  /** How long the other side asks not to be asked again, in ms from the moment in which it said so. Absent: it does not. */
  readonly retryAfter: number | undefined;

  constructor(message: string, retryAfter?: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}
