import { AWS_FAILURES, type AwsFailureReason } from '../aws/aws-failure.ts';
import type { FailurePolicy } from '../cache/failure-policy.ts';
import { ReadError } from '../cache/read-error.ts';

/** It could not be found out which instance has an address. The message is safe to show to callers. */
export class LookupError extends ReadError {
  override readonly reason: AwsFailureReason;
  /** What AWS said, for the log alone. */
  override readonly detail: string;

  constructor(address: string, reason: AwsFailureReason, detail: string) {
    super(`it is not known yet who ${address} is: ${EXPLANATIONS[reason] ?? 'EC2 fails; try again shortly'}`);
    this.name = 'LookupError';
    this.reason = reason;
    this.detail = detail;
  }

  override get policy(): FailurePolicy {
    return AWS_FAILURES[this.reason];
  }
}

const REFUSED = "EC2 refuses the question; see Attaché's log for the error";

const EXPLANATIONS: Partial<Record<AwsFailureReason, string>> = {
  throttled: 'EC2 throttles the calls; try again shortly',
  timeout: 'EC2 did not answer in time; try again shortly',
  network: 'EC2 cannot be reached; try again shortly',
  aws_credentials: "Attaché's AWS credentials are missing, expired or not accepted",
  access_denied: 'access denied; allow ec2:DescribeInstances to Attaché',
  bad_request: REFUSED,
  refused: REFUSED,
};
