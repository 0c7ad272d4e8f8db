/** What Attaché does about a failure to read a secret. All times are in milliseconds. */
interface FailurePolicy {
  /** Whether the caller is told that the secret cannot be used as it is (502), or cannot be had just now (503). */
  readonly code: 'secret_unusable' | 'secret_unavailable';
  /** For how long a cold secret (no usable value) is not asked for again: the first time, and at most. */
  readonly coldRetry: { readonly first: number; readonly most: number };
  /** How soon a warm secret is checked again after the first, second, … failure in a row; the last one repeats. */
  readonly warmRetry: readonly number[];
  /**
   * After how many failures in a row, and for how long at least, a warm value is purged. Absent: it is served until it is
   * `maxStale` old, because the failure is no verdict on the secret.
   */
  readonly purge?: { readonly afterFailures: number; readonly afterMs: number };
}

const TRANSIENT: FailurePolicy = {
  code: 'secret_unavailable',
  coldRetry: { first: 1_000, most: 1_000 },
  warmRetry: [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000],
};

const VERDICT: FailurePolicy = {
  code: 'secret_unusable',
  coldRetry: { first: 10_000, most: 60_000 },
  warmRetry: [5_000, 10_000, 15_000],
  purge: { afterFailures: 3, afterMs: 30_000 },
};

/** What stands until somebody mends it, and does not speak against a value that is held. */
const STANDING: FailurePolicy = {
  code: VERDICT.code,
  coldRetry: VERDICT.coldRetry,
  warmRetry: [5_000, 10_000, 15_000, 30_000, 60_000],
};

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
export class SecretError extends Error {
  readonly reason: FailureReason;
  /** What AWS said, for the log alone: an error name and, where AWS itself wrote it, its message. */
  readonly detail: string;

  constructor(secretId: string, reason: FailureReason, detail: string) {
    super(`secret ${secretId}: ${EXPLANATIONS[reason]}`);
    this.name = 'SecretError';
    this.reason = reason;
    this.detail = detail;
  }

  get policy(): FailurePolicy {
    return FAILURES[this.reason];
  }
}

const EXPLANATIONS: Record<FailureReason, string> = {
  throttled: 'AWS Secrets Manager throttles the calls; try again shortly',
  aws_error: 'AWS Secrets Manager failed; try again shortly',
  timeout: 'AWS Secrets Manager did not answer in time; try again shortly',
  network: 'AWS Secrets Manager cannot be reached; try again shortly',
  replica_behind: 'its Region does not answer, and its replica lags behind; try again shortly',
  aws_credentials:
    "Attaché's AWS credentials are missing, expired or not accepted; see the AWS settings of the Attaché process",
  access_denied:
    'access denied; allow secretsmanager:GetSecretValue (and kms:Decrypt for a key of your own) to Attaché',
  secret_not_found: 'there is no such secret in this account and Region, or it has no AWSCURRENT version',
  secret_deleted: 'it is marked for deletion; restore it or name another',
  undecryptable: 'its KMS key cannot decrypt it; enable the key or allow kms:Decrypt to Attaché',
  refused: "AWS Secrets Manager refuses to give it; see Attaché's log for the error",
  bad_request: 'AWS Secrets Manager does not accept the request; check the name of the secret',
  unusable_value: 'its value is not a text of 1 to 65,536 bytes; store the key as SecretString',
};
