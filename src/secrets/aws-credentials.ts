import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { withDeadline } from './with-deadline.ts';

/** An access key, its secret key and, where they expire, a session token and a time. */
type AwsCredentialIdentity = Awaited<ReturnType<ReturnType<typeof defaultProvider>>>;

/** Credentials with less life left than this, in ms, are renewed in the background. */
const RENEW_WITH_LEFT = 5 * 60_000;

/** How long one resolution may take, in ms, before it is given up and the next one starts a provider chain of its own. */
const RESOLUTION_DEADLINE = 4_000;

/** Resolves AWS credentials once. */
export type ResolveCredentials = () => Promise<AwsCredentialIdentity>;

/**
 * The AWS credentials of this process, from the SDK's default chain, guarded: a credential endpoint that hangs would make
 * the SDK wait for ever, with no signal that ends it, and leave its provider waiting for every later call. So each
 * resolution races a fresh chain against a deadline, and credentials that still have life in them are used while
 * newer ones are fetched.
 *
 * @param resolve one resolution; default: a new chain of the SDK each time.
 * @returns a provider for the SDK's `credentials` option. It rejects with `CredentialsProviderError` when there are none.
 * @see https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html
 */
export function guardedCredentials(resolve: ResolveCredentials = () => defaultProvider()()) {
  let held: AwsCredentialIdentity | undefined;
  let renewal: Promise<AwsCredentialIdentity> | undefined;

  function renew(): Promise<AwsCredentialIdentity> {
    renewal ??= withDeadline(resolve(), RESOLUTION_DEADLINE, noCredentialsInTime)
      .then((credentials) => {
        held = credentials;
        return credentials;
      })
      .finally(() => {
        renewal = undefined;
      });
    return renewal;
  }

  return {
    /** What the SDK calls before each request that it signs. */
    provide(): Promise<AwsCredentialIdentity> {
      const left = lifeLeft(held);
      if (held === undefined || left <= 0) return renew();
      if (left < RENEW_WITH_LEFT) renew().catch(() => undefined);
      return Promise.resolve(held);
    },
    /** Drops what is held: AWS has said that it is expired or unknown. */
    forget(): void {
      held = undefined;
    },
  };
}

function lifeLeft(credentials: AwsCredentialIdentity | undefined): number {
  return credentials?.expiration === undefined
    ? Number.POSITIVE_INFINITY
    : credentials.expiration.getTime() - Date.now();
}

function noCredentialsInTime(): Error {
  const error = new Error('the AWS credential provider did not answer in time');
  error.name = 'CredentialsProviderError';
  return error;
}
