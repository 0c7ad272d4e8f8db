import { AWS_FAILURES, type AwsFailureReason } from '../aws/aws-failure.ts';
import { classify } from '../aws/classify.ts';
import { pauseAsked } from '../aws/second-try.ts';
import { type FailurePolicy, STANDING, TRANSIENT } from '../cache/failure-policy.ts';
import { ReadError } from '../cache/read-error.ts';

/** What reading a secret adds to the ways in which AWS fails, and what follows from it. */
export const FAILURES = {
  throttled: AWS_FAILURES.throttled,
  aws_error: AWS_FAILURES.aws_error,
  timeout: AWS_FAILURES.timeout,
  network: AWS_FAILURES.network,
  aws_credentials: AWS_FAILURES.aws_credentials,
  access_denied: AWS_FAILURES.access_denied,
  undecryptable: AWS_FAILURES.undecryptable,
  refused: AWS_FAILURES.refused,
  bad_request: AWS_FAILURES.bad_request,
  /** There is no such secret, or it has no current version. */
  secret_not_found: AWS_FAILURES.not_found,
  /** The secret is marked for deletion. */
  secret_deleted: AWS_FAILURES.deleted,
  /** The secret's own Region does not answer, and its replica has an older version than the one that is held. */
  replica_behind: TRANSIENT,
  /** Another process is about to replace the secret. */
  lease_held: TRANSIENT,
  /** It was written less than ten minutes ago (one, where it lacks an access token for the first time), and AWS keeps a limited number of versions. */
  written_too_often: TRANSIENT,
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
  /** The pause that AWS has asked for, in ms; 0 when it did not. */
  readonly pause: number;

  constructor(secretId: string, reason: FailureReason, detail: string, pause = 0) {
    super(`secret ${secretId}: ${EXPLANATIONS[reason]}`);
    this.name = 'SecretError';
    this.reason = reason;
    this.detail = detail;
    this.pause = pause;
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

/** What a failure of AWS is called where a secret was asked for. */
const NAMES: Partial<Record<AwsFailureReason, FailureReason>> = {
  not_found: 'secret_not_found',
  deleted: 'secret_deleted',
};

/** The error of AWS's SDK, or whatever else was thrown, as one about this secret. */
export function secretErrorOf(secretId: string, error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  const { reason, detail } = classify(error);
  return new SecretError(secretId, NAMES[reason] ?? (reason as FailureReason), detail, pauseAsked(error));
}
