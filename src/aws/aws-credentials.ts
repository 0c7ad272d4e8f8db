import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { now } from '../cache/clock.ts';
import { withDeadline } from '../cache/deadline.ts';

/** An access key, its secret key and, where they expire, a session token and a time. */
type AwsCredentialIdentity = Awaited<ReturnType<ReturnType<typeof defaultProvider>>>;

/** Credentials with less life left than this, in ms, are renewed in the background. */
const RENEW_WITH_LEFT = 5 * 60_000;

/** How long a call waits for credentials, in ms: less than a request waits for its secret, so that it learns the reason. */
const PATIENCE = 1_500;

/** A resolution that hangs is left behind for a fresh one after PATIENCE, and while those hang too after twice that, up to this. */
const LONGEST_HANG = 6_000;

/** Resolves AWS credentials once. */
export type ResolveCredentials = () => Promise<AwsCredentialIdentity>;

/**
 * The AWS credentials of this process, from the SDK's default chain, guarded: a credential endpoint that hangs would make
 * the SDK wait for ever, with no signal that ends it, and leave its provider waiting for every later call. So each
 * call waits a bounded time, a resolution that hangs is left behind for one of a fresh chain, and credentials that
 * still have life in them are used while newer ones are fetched. What arrives late is used all the same.
 *
 * @param resolve one resolution; default: a new chain of the SDK each time.
 * @returns a provider for the SDK's `credentials` option. It rejects with `CredentialsProviderError`, whatever was in the way.
 * @see https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/setting-credentials-node.html
 */
export function guardedCredentials(resolve: ResolveCredentials = () => defaultProvider()()) {
  let held: AwsCredentialIdentity | undefined;
  let running: { readonly since: number; readonly work: Promise<AwsCredentialIdentity> } | undefined;
  let hangsAfter = PATIENCE;

  function renew(): Promise<AwsCredentialIdentity> {
    if (running !== undefined && now() - running.since >= hangsAfter) {
      // Nothing ends a chain that hangs, and each holds a socket: hence not too many of them.
      hangsAfter = Math.min(hangsAfter * 2, LONGEST_HANG);
      running = undefined;
    }
    running ??= begin();
    return withDeadline(running.work, PATIENCE, () => noCredentials(new Error('no answer in time')));
  }

  function begin() {
    const work = resolve().then(
      (credentials) => {
        settled();
        if (held === undefined || lifeLeft(credentials) >= lifeLeft(held)) held = credentials;
        return credentials;
      },
      (error) => {
        settled();
        throw noCredentials(error);
      },
    );
    const begun = { since: now(), work };
    const settled = () => {
      hangsAfter = PATIENCE;
      if (running === begun) running = undefined;
    };
    return begun;
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

/**
 * One name for every way in which credentials cannot be had. An AccessDenied of AWS STS, for example, is a verdict on this
 * process and must not be taken for one on a secret.
 */
function noCredentials(cause: unknown): Error {
  const error = new Error('the AWS credential provider gave no credentials', { cause });
  error.name = 'CredentialsProviderError';
  return error;
}
