import { type FailurePolicy, STANDING, TRANSIENT, VERDICT } from '../cache/failure-policy.ts';

/** Every way in which a call to AWS fails, and what follows from it. */
export const AWS_FAILURES = {
  /** AWS asks to be called less often. */
  throttled: TRANSIENT,
  /** The service failed inside. */
  aws_error: TRANSIENT,
  /** No answer within the deadline. */
  timeout: TRANSIENT,
  /** No connection: refused, reset, no such host, TLS failure. */
  network: TRANSIENT,
  /** Attaché's own AWS identity could not be had, or was not accepted. */
  aws_credentials: TRANSIENT,
  /** IAM, or the policy of what is asked for, refuses Attaché. */
  access_denied: VERDICT,
  /** What is asked for does not exist. */
  not_found: VERDICT,
  /** What is asked for is marked for deletion. */
  deleted: { ...VERDICT, warmRetry: [5_000], purge: { afterFailures: 2, afterMs: 5_000 } },
  /** KMS cannot decrypt the value. A disabled key is often an accident, hence the longer grace. */
  undecryptable: {
    ...VERDICT,
    warmRetry: [5_000, 15_000, 40_000, 60_000],
    purge: { afterFailures: 3, afterMs: 300_000 },
  },
  /** AWS refuses with an error that Attaché does not know. It may be a verdict. */
  refused: { ...VERDICT, purge: { afterFailures: 3, afterMs: 300_000 } },
  /** AWS does not accept the request itself: no verdict on a value that was read before. */
  bad_request: STANDING,
} as const satisfies Record<string, FailurePolicy>;

/** The name of one way in which a call to AWS fails. */
export type AwsFailureReason = keyof typeof AWS_FAILURES;

/** What is known of a call to AWS that failed. */
export interface AwsFailure {
  readonly reason: AwsFailureReason;
  /** What AWS said, for the log alone: an error name and, where AWS itself wrote it, its message. */
  readonly detail: string;
}

/** A call to AWS failed. The message is the reason alone: what AWS said is for the log. */
export class AwsError extends Error implements AwsFailure {
  readonly reason: AwsFailureReason;
  readonly detail: string;

  constructor({ reason, detail }: AwsFailure) {
    super(`AWS: ${reason}`);
    this.name = 'AwsError';
    this.reason = reason;
    this.detail = detail;
  }
}
