import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { classify } from './classify.ts';

/** The longest pause before the second try, in ms. */
const PAUSE = 100;

/** What AWS has said, with a throttled call, of when to call again: in ms since 1970. */
const callAgainAt = new WeakMap<object, number>();

/**
 * The SDK's retry strategy: one more try, if the failure may pass while a request waits. The SDK's own strategy takes up to
 * six seconds over a throttled call, and does not try again when AWS says InternalServiceError with HTTP 400. A call that was
 * throttled is not made again here: whoever makes the calls has to slow all of them down. Later tries are up to the cell of the secret.
 */
export const secondTry = {
  acquireInitialRetryToken: async () => token(0, 0),
  refreshRetryTokenForRetry: async (last, { error, errorType, retryAfterHint }) => {
    const { reason } = classify(error);
    if (reason === 'throttled') {
      if (typeof error === 'object' && error !== null && retryAfterHint !== undefined)
        callAgainAt.set(error, retryAfterHint.getTime());
      throw new Error('it is to be called less often');
    }
    if (last.getRetryCount() > 0) throw new Error('there is no third try');
    // TRANSIENT also is a signature that the SDK can mend: it has learnt how far the clock is off.
    const mayPass = errorType === 'TRANSIENT' || reason === 'aws_error' || reason === 'network' || reason === 'timeout';
    if (!mayPass) throw new Error('the same call would fail the same way');
    return token(1, PAUSE * Math.random());
  },
  recordSuccess: () => undefined,
} satisfies SecretsManagerClientConfig['retryStrategy'];

/** The pause, in ms from now, that AWS asks for with a throttled call; 0 when it does not say. */
export function pauseAsked(error: unknown): number {
  const at = typeof error === 'object' && error !== null ? callAgainAt.get(error) : undefined;
  return at === undefined ? 0 : Math.max(0, at - Date.now());
}

function token(tries: number, pause: number) {
  return { getRetryCount: () => tries, getRetryDelay: () => pause };
}
