import type { Fault } from './fault.ts';
import type { AwsCall } from './faulty-server.ts';

/** How many calls of an operation AWS takes a second from an account in a Region. */
export type Quotas = Readonly<Record<string, number>>;

/**
 * The quotas of AWS itself.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
 */
export const AWS_QUOTAS: Quotas = { GetSecretValue: 10_000, BatchGetSecretValue: 100, DescribeSecret: 40_000 };

/** Throttles whatever goes beyond the quotas, each being a bucket that holds as much as one second fills. */
export function rateLimit(quotas: Quotas): (call: AwsCall) => Fault | undefined {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return ({ operation }) => {
    const quota = quotas[operation];
    if (quota === undefined) return undefined;
    const at = performance.now();
    const bucket = buckets.get(operation) ?? { tokens: quota, at };
    const tokens = Math.min(quota, bucket.tokens + (quota * (at - bucket.at)) / 1_000);
    buckets.set(operation, { tokens: tokens >= 1 ? tokens - 1 : tokens, at });
    return tokens >= 1 ? undefined : { error: 'ThrottlingException', message: 'Rate exceeded' };
  };
}
