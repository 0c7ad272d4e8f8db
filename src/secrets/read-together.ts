import { BatchGetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readValue } from './read-value.ts';
import type { SecretVersion } from './secret-version.ts';

/**
 * The current versions of several secrets of one Region, by one call, which needs `secretsmanager:BatchGetSecretValue` besides what
 * each of them needs.
 *
 * @param secretIds names and ARNs, 20 at most.
 * @returns the versions by what was asked for. One that is not among them is to be read alone: only GetSecretValue has the last
 *   word on why a secret cannot be read.
 * @throws the SDK's error when the whole call fails.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
 */
export async function readTogether(
  client: SecretsManagerClient,
  secretIds: readonly string[],
  abortSignal: AbortSignal,
): Promise<Map<string, SecretVersion>> {
  const command = new BatchGetSecretValueCommand({ SecretIdList: [...secretIds] });
  const { SecretValues: entries = [] } = await client.send(command, { abortSignal });
  const wanted = new Set(secretIds);
  const versions = new Map<string, SecretVersion>();
  for (const entry of entries) {
    const id = [entry.ARN, entry.Name].find((it) => it !== undefined && wanted.has(it));
    const isCurrent = entry.VersionStages?.includes('AWSCURRENT') ?? false;
    const version = isCurrent ? readValue(entry, {}) : undefined;
    if (id !== undefined && version !== undefined) versions.set(id, version);
  }
  return versions;
}
