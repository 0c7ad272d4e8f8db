import { NodeHttpHandler } from '@smithy/node-http-handler';
import { awsNow } from '../aws/aws-clock.ts';
import { AwsError } from '../aws/aws-failure.ts';
import { classify } from '../aws/classify.ts';
import type { SigningKeyParts } from './signing-key.ts';

/** A role to take on. */
export interface RoleToAssume {
  /** Its ARN. */
  readonly role: string;
  /** The Region whose STS is asked. */
  readonly region: string;
  /** What the role's trust policy may ask for. */
  readonly externalId?: string;
}

/** How long the temporary key is asked to live, in seconds: the longest that every role allows. */
const SECONDS = 3_600;

/**
 * A temporary key of a role.
 *
 * @returns the key, and when it expires, in ms since 1970 by AWS's clock.
 * @throws AwsError
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
export async function assumeRole(
  credentials: SigningKeyParts,
  { role, region, externalId }: RoleToAssume,
  signal: AbortSignal,
): Promise<{ readonly key: SigningKeyParts; readonly expiresAt: number }> {
  // Few integrations need it, and loading it takes time.
  const { AssumeRoleCommand, STSClient } = await import('@aws-sdk/client-sts');
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: 500,
    requestTimeout: 2_000,
    throwOnRequestTimeout: true,
    socketTimeout: 2_000,
  });
  const client = new STSClient({ region, credentials, maxAttempts: 2, requestHandler });
  try {
    const { Credentials: it } = await client.send(
      new AssumeRoleCommand({
        RoleArn: role,
        RoleSessionName: 'attache',
        DurationSeconds: SECONDS,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      }),
      { abortSignal: signal },
    );
    const {
      AccessKeyId: accessKeyId = '',
      SecretAccessKey: secretAccessKey = '',
      SessionToken: sessionToken = '',
    } = it ?? {};
    return {
      key: { accessKeyId, secretAccessKey, sessionToken },
      expiresAt: it?.Expiration?.getTime() ?? awsNow() + SECONDS * 1_000,
    };
  } catch (error) {
    throw new AwsError(classify(error));
  } finally {
    client.destroy();
  }
}
