import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { classify } from './classify.ts';

/** The longest pause before the second try, in ms, when AWS failed, and when it asked to be called less often. */
const PAUSE = 100;
const THROTTLED_PAUSE = 900;

/**
 * The SDK's retry strategy: one more try, if the failure may pass while a request waits. The SDK's own strategy takes up to
 * six seconds over a throttled call, which makes a timeout of it, and does not try again when AWS says
 * InternalServiceError with HTTP 400. Later tries are up to the cell of the secret.
 */
export const secondTry = {
  acquireInitialRetryToken: async () => token(0, 0),
  refreshRetryTokenForRetry: async (last, { error, errorType, retryAfterHint }) => {
    if (last.getRetryCount() > 0) throw new Error('there is no third try');
    const { reason } = classify(error);
    if (reason === 'throttled') {
      const asked = (retryAfterHint?.getTime() ?? 0) - Date.now();
      if (asked > THROTTLED_PAUSE) throw new Error('AWS asks for a longer pause than a request can wait');
      return token(1, Math.max(asked, THROTTLED_PAUSE * (0.3 + 0.7 * Math.random())));
    }
    // TRANSIENT also is a signature that the SDK can mend: it has learnt how far the clock is off.
    const mayPass = errorType === 'TRANSIENT' || reason === 'aws_error' || reason === 'network' || reason === 'timeout';
    if (!mayPass) throw new Error('the same call would fail the same way');
    return token(1, PAUSE * Math.random());
  },
  recordSuccess: () => undefined,
} satisfies SecretsManagerClientConfig['retryStrategy'];

function token(tries: number, pause: number) {
  return { getRetryCount: () => tries, getRetryDelay: () => pause };
}
