import { setTimeout } from 'node:timers/promises';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { apis } from '../../local/apis.ts';
import type { Stack } from '../../local/stack.ts';

const SECRET = apis.openai.secret;

/** One way in which a key is replaced: what happens in AWS and at the destination, in which order. */
export interface RotationKind {
  readonly name: string;
  /** Replaces the key `old`, and waits until all is as it was before but for the key. Returns the new key. */
  rotate(stack: Stack, old: string): Promise<string>;
}

/** The four ways in which an API key is rotated. */
export const ROTATION_KINDS: readonly RotationKind[] = [
  {
    name: 'both keys are valid for 5 s',
    async rotate(stack, old) {
      const key = apis.openai.newKey();
      stack.upstream.accept('openai', old, key);
      await stack.aws.put(SECRET, apis.openai.secretValue(key));
      await setTimeout(5_000);
      stack.upstream.accept('openai', key);
      await setTimeout(1_000);
      return key;
    },
  },
  {
    name: 'the old key is refused the moment AWSCURRENT moves',
    async rotate(stack) {
      const key = apis.openai.newKey();
      await stack.aws.put(SECRET, apis.openai.secretValue(key));
      stack.upstream.accept('openai', key);
      await setTimeout(2_000);
      return key;
    },
  },
  {
    name: 'the destination switches first, AWSPENDING holds the key, AWSCURRENT moves 1 s later',
    async rotate(stack) {
      const key = apis.openai.newKey();
      const version = await putPending(stack, key);
      stack.upstream.accept('openai', key);
      await setTimeout(1_000);
      await makeCurrent(stack, version);
      await setTimeout(1_000);
      return key;
    },
  },
  {
    name: 'the destination lags: it takes the key 1 s after AWSCURRENT moved',
    async rotate(stack) {
      const key = apis.openai.newKey();
      await stack.aws.put(SECRET, apis.openai.secretValue(key));
      await setTimeout(1_000);
      stack.upstream.accept('openai', key);
      await setTimeout(1_000);
      return key;
    },
  },
];

/** A key is stored, but not yet current. Returns its VersionId. */
async function putPending({ aws }: Stack, key: string): Promise<string> {
  const { VersionId } = await aws.client.send(
    new PutSecretValueCommand({
      SecretId: SECRET,
      SecretString: apis.openai.secretValue(key),
      VersionStages: ['AWSPENDING'],
    }),
  );
  if (VersionId === undefined) throw new Error('PutSecretValue returned no VersionId');
  return VersionId;
}

/** What the last step of a rotation does: AWSCURRENT moves to the version, AWSPENDING goes. */
async function makeCurrent({ aws }: Stack, version: string): Promise<void> {
  const { VersionId: old } = await aws.client.send(new GetSecretValueCommand({ SecretId: SECRET }));
  await aws.client.send(
    new UpdateSecretVersionStageCommand({
      SecretId: SECRET,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: version,
      RemoveFromVersionId: old,
    }),
  );
  await aws.client.send(
    new UpdateSecretVersionStageCommand({ SecretId: SECRET, VersionStage: 'AWSPENDING', RemoveFromVersionId: version }),
  );
}
