import type { FailurePolicy } from './failure-policy.ts';

/** Something that a {@link Cell} holds could not be read. The message is safe to show to callers: it never holds a secret. */
export abstract class ReadError extends Error {
  /** One word for logs, metrics and the audit record. */
  abstract readonly reason: string;
  /** What the other side said, for the log alone. */
  abstract readonly detail: string;
  abstract readonly policy: FailurePolicy;
}
