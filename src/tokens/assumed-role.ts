import { awsNow } from '../aws/aws-clock.ts';
import { AwsError, type AwsFailureReason } from '../aws/aws-failure.ts';
import { assumeRole, type RoleToAssume } from '../signing/assume-role.ts';
import type { SigningKey } from '../signing/signing-key.ts';
import { lifetimeOf } from './lifetime.ts';
import { Token } from './token.ts';
import { TokenError, type TokenFailureReason, type TokenOrigin } from './token-error.ts';

/** What AWS's own ways of failing mean for a token; the others are a refusal. */
const REASONS: Partial<Record<AwsFailureReason, TokenFailureReason>> = {
  throttled: 'endpoint_throttled',
  timeout: 'endpoint_timeout',
  network: 'endpoint_unreachable',
  aws_error: 'endpoint_failed',
};

/**
 * The temporary key of a role, as the JSON of its parts.
 *
 * @throws TokenError
 */
export async function tokenOfRole(
  origin: TokenOrigin,
  key: SigningKey,
  assumed: RoleToAssume,
  signal: AbortSignal,
): Promise<Token> {
  try {
    const { key: parts, expiresAt } = await assumeRole(key.reveal(), assumed, signal);
    return new Token(JSON.stringify(parts), lifetimeOf(expiresAt - awsNow()));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const { reason, detail } = error;
    throw new TokenError(origin, REASONS[reason] ?? 'refused', reason, detail);
  }
}
