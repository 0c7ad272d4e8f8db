import { type FailurePolicy, STANDING, TRANSIENT, VERDICT } from './failure-policy.ts';
import { ReadError } from './read-error.ts';

/** Every way in which reading a secret fails, and what follows from it. */
export const FAILURES = {
  /** AWS asks to be called less often. */
  throttled: TRANSIENT,
  /** AWS Secrets Manager failed inside. */
  aws_error: TRANSIENT,
  /** No answer within the deadline. */
  timeout: TRANSIENT,
  /** No connection: refused, reset, no such host, TLS failure. */
  network: TRANSIENT,
  /** The secret's own Region does not answer, and its replica has an older version than the one that is held. */
  replica_behind: TRANSIENT,
  /** Another process is about to replace the secret. */
  lease_held: TRANSIENT,
  /** It was written less than ten minutes ago, and AWS keeps a limited number of versions. */
  written_too_often: TRANSIENT,
  /** Attaché's own AWS identity could not be had, or was not accepted. */
  aws_credentials: TRANSIENT,
  /** IAM or the secret's policy refuses Attaché. */
  access_denied: VERDICT,
  /** There is no such secret, or it has no current version. */
  secret_not_found: VERDICT,
  /** The secret is marked for deletion. */
  secret_deleted: { ...VERDICT, warmRetry: [5_000], purge: { afterFailures: 2, afterMs: 5_000 } },
  /** KMS cannot decrypt the value. A disabled key is often an accident, hence the longer grace. */
  undecryptable: {
    ...VERDICT,
    warmRetry: [5_000, 15_000, 40_000, 60_000],
    purge: { afterFailures: 3, afterMs: 300_000 },
  },
  /** AWS refuses with an error that Attaché does not know. It may be a verdict. */
  refused: { ...VERDICT, purge: { afterFailures: 3, afterMs: 300_000 } },
  /** AWS does not accept the request itself, for example the secret's name: no verdict on a value that was read before. */
  bad_request: STANDING,
  /** The value is there, but it is not text, or larger than AWS allows. The last good one stays in use. */
  unusable_value: STANDING,
} as const satisfies Record<string, FailurePolicy>;

/** The name of one way in which reading a secret fails. */
export type FailureReason = keyof typeof FAILURES;

/**
 * A secret could not be read. The message is safe to show to callers: it names the secret and the reason, never a value.
 */
export class SecretError extends ReadError {
  override readonly reason: FailureReason;
  /** What AWS said, for the log alone: an error name and, where AWS itself wrote it, its message. */
  override readonly detail: string;

  constructor(secretId: string, reason: FailureReason, detail: string) {
    super(`secret ${secretId}: ${EXPLANATIONS[reason]}`);
    this.name = 'SecretError';
    this.reason = reason;
    this.detail = detail;
  }

  override get policy(): FailurePolicy {
    return FAILURES[this.reason];
  }
}

const EXPLANATIONS: Record<FailureReason, string> = {
  throttled: 'AWS Secrets Manager throttles the calls; try again shortly',
  aws_error: 'AWS Secrets Manager failed; try again shortly',
  timeout: 'AWS Secrets Manager did not answer in time; try again shortly',
  network: 'AWS Secrets Manager cannot be reached; try again shortly',
  replica_behind: 'its Region does not answer, and its replica lags behind; try again shortly',
  lease_held: 'another process is about to replace it; try again shortly',
  written_too_often:
    'it was written less than ten minutes ago, and AWS keeps a limited number of versions; try again later',
  aws_credentials:
    "Attaché's AWS credentials are missing, expired or not accepted; see the AWS settings of the Attaché process",
  access_denied:
    'access denied; allow secretsmanager:GetSecretValue (kms:Decrypt for a key of your own, secretsmanager:DescribeSecret for hosts_from_secret_tags) to Attaché',
  secret_not_found: 'there is no such secret in this account and Region, or it has no AWSCURRENT version',
  secret_deleted: 'it is marked for deletion; restore it or name another',
  undecryptable: 'its KMS key cannot decrypt it; enable the key or allow kms:Decrypt to Attaché',
  refused: "AWS Secrets Manager refuses to give it; see Attaché's log for the error",
  bad_request: 'AWS Secrets Manager does not accept the request; check the name of the secret',
  unusable_value: 'its value is not a text of 1 to 65,536 bytes; store the key as SecretString',
};
