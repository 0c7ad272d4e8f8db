import type { GetSecretValueResponse } from '@aws-sdk/client-secrets-manager';
import { LARGEST_SECRET, type SecretOrigin, SecretVersion } from './secret-version.ts';

/** The version in an answer of AWS; undefined when it holds no text of 1 to 65,536 bytes. */
export function readValue(
  { VersionId: id, SecretString: value, CreatedDate: created }: GetSecretValueResponse,
  origin: Omit<SecretOrigin, 'createdAt'>,
): SecretVersion | undefined {
  if (id === undefined || value === undefined || value === '' || Buffer.byteLength(value) > LARGEST_SECRET)
    return undefined;
  return new SecretVersion(id, value, {
    ...origin,
    ...(created === undefined ? {} : { createdAt: created.getTime() }),
  });
}
