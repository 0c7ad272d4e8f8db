import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LocalAws, startAws } from '../../local/aws.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';
import { startScriptedSecretsManager } from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

interface Backend extends AsyncDisposable {
  readonly aws: LocalAws;
}

const BACKENDS: readonly { readonly backend: string; start(): Promise<Backend> }[] = [
  { backend: 'the scripted fake', start: startScriptedSecretsManager },
  {
    backend: 'ministack',
    start: async () => {
      const aws = await startAws();
      return { aws, [Symbol.asyncDispose]: aws.stop };
    },
  },
];

let secrets = 0;

describe.each(BACKENDS)('secrets in $backend', ({ start }) => {
  let running: Backend;
  let source: SecretsManager;

  beforeAll(async () => {
    running = await start();
    for (const [name, value] of Object.entries(running.aws.environment)) vi.stubEnv(name, value);
    source = new SecretsManager({ deadline: 5_000 });
  });
  afterAll(async () => {
    source?.close();
    await running?.[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
  });

  /** A secret of its own for each test, with what the real SDK does to it. */
  function secret() {
    secrets += 1;
    const SecretId = `prod/x${secrets}`;
    const { client } = running.aws;
    return {
      SecretId,
      create: async (SecretString: string) => {
        const { ARN, VersionId } = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString }));
        return { arn: ARN ?? '', id: VersionId ?? '' };
      },
      put: async (SecretString: string, ...VersionStages: string[]) => {
        const labels = VersionStages.length === 0 ? {} : { VersionStages };
        return (await client.send(new PutSecretValueCommand({ SecretId, SecretString, ...labels }))).VersionId ?? '';
      },
      get: (by: { VersionId?: string; VersionStage?: string } = {}, id = SecretId) =>
        client.send(new GetSecretValueCommand({ SecretId: id, ...by })),
      move: (VersionStage: string, MoveToVersionId?: string, RemoveFromVersionId?: string) =>
        client.send(
          new UpdateSecretVersionStageCommand({
            SecretId,
            VersionStage,
            ...(MoveToVersionId === undefined ? {} : { MoveToVersionId }),
            ...(RemoveFromVersionId === undefined ? {} : { RemoveFromVersionId }),
          }),
        ),
      labels: async () => {
        const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
        return Object.fromEntries(Object.entries(VersionIdsToStages).map(([id, stages]) => [id, stages.toSorted()]));
      },
      describe: () => client.send(new DescribeSecretCommand({ SecretId })),
      remove: (RecoveryWindowInDays?: number) =>
        client.send(
          new DeleteSecretCommand({
            SecretId,
            ...(RecoveryWindowInDays === undefined ? {} : { RecoveryWindowInDays }),
          }),
        ),
      restore: () => client.send(new RestoreSecretCommand({ SecretId })),
      /** What Attaché makes of it. */
      read: (stage?: 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS') =>
        source.fetch(SecretId, true, stage === undefined ? {} : { stage }).then(
          (version) => version.reveal(),
          (error) => error.reason,
        ),
    };
  }

  const nameOf = (call: Promise<unknown>) =>
    call.then(
      () => 'no error',
      (error: Error) => error.name,
    );

  it('are read by name, ARN, ARN without its ending, version and label', async () => {
    const it = secret();
    const { arn, id } = await it.create('v1');

    const answers = await Promise.all([
      it.get(),
      it.get({}, arn),
      it.get({}, arn.slice(0, -7)),
      it.get({ VersionId: id }),
      it.get({ VersionStage: 'AWSCURRENT' }),
    ]);

    for (const answer of answers) {
      expect(answer).toMatchObject({ ARN: arn, Name: it.SecretId, VersionId: id, SecretString: 'v1' });
      expect(answer.VersionStages).toEqual(['AWSCURRENT']);
      expect(Math.abs((answer.CreatedDate?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    }
  });

  it('get a new current version, with the one before as the previous one, and no label on older ones', async () => {
    const it = secret();
    await it.create('v1');

    const second = await it.put('v2');
    const third = await it.put('v3');

    expect(await it.labels()).toEqual({ [second]: ['AWSPREVIOUS'], [third]: ['AWSCURRENT'] });
    expect([await it.read(), await it.read('AWSPREVIOUS')]).toEqual(['v3', 'v2']);
  });

  it('have a pending version beside the current one until the label is moved', async () => {
    const it = secret();
    const { id: first } = await it.create('v1');
    const pending = await it.put('v2', 'AWSPENDING');
    expect([await it.read(), await it.read('AWSPENDING')]).toEqual(['v1', 'v2']);

    await it.move('AWSCURRENT', pending, first);
    expect(await it.labels()).toEqual({ [pending]: ['AWSCURRENT', 'AWSPENDING'], [first]: ['AWSPREVIOUS'] });

    await it.move('AWSPENDING', undefined, pending);
    expect(await it.read('AWSPENDING')).toBe('secret_not_found');
    expect([await it.read(), await it.read('AWSPREVIOUS')]).toEqual(['v2', 'v1']);
  });

  it('give an earlier version back when the label is moved back', async () => {
    const it = secret();
    const { id: first } = await it.create('v1');
    const second = await it.put('v2');

    await it.move('AWSCURRENT', first, second);

    expect(await it.labels()).toEqual({ [first]: ['AWSCURRENT'], [second]: ['AWSPREVIOUS'] });
  });

  it('move a label only for who says where it is', async () => {
    const it = secret();
    const { id: first } = await it.create('v1');
    const second = await it.put('v2');

    expect(await nameOf(it.move('AWSCURRENT', first))).toBe('InvalidParameterException');
    expect(await nameOf(it.move('AWSCURRENT'))).toBe('InvalidParameterException');
    expect(await nameOf(it.move('AWSCURRENT', 'f'.repeat(32), second))).toBe('ResourceNotFoundException');
    expect(await it.labels()).toEqual({ [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
  });

  it('are not found when there is no such secret, version or label', async () => {
    const it = secret();

    expect(await it.read()).toBe('secret_not_found');
    await it.create('v1');

    expect(await nameOf(it.get({ VersionId: 'f'.repeat(32) }))).toBe('ResourceNotFoundException');
    expect(await nameOf(it.get({ VersionStage: 'AWSPENDING' }))).toBe('ResourceNotFoundException');
    expect([await it.read('AWSPENDING'), await it.read('AWSPREVIOUS')]).toEqual([
      'secret_not_found',
      'secret_not_found',
    ]);
  });

  it('are created once', async () => {
    const it = secret();
    await it.create('v1');

    expect(await nameOf(it.create('v2'))).toBe('ResourceExistsException');
    expect(await it.read()).toBe('v1');
  });

  it('that are marked for deletion can neither be read nor written, until they are restored', async () => {
    const it = secret();
    await it.create('v1');
    expect(await nameOf(it.remove(3))).toBe('InvalidParameterException');

    await it.remove(7);
    const { DeletedDate } = await it.describe();

    expect(Math.round(((DeletedDate?.getTime() ?? 0) - Date.now()) / 86_400_000)).toBe(7);
    expect(await it.read()).toBe('secret_deleted');
    expect(await nameOf(it.put('v2'))).toBe('InvalidRequestException');
    expect(await nameOf(it.remove())).toBe('InvalidRequestException');

    await it.restore();
    expect(await it.read()).toBe('v1');
    expect((await it.describe()).DeletedDate).toBeUndefined();
  });

  it('that are binary come as bytes, and are nothing that Attaché can use', async () => {
    const it = secret();
    await it.create('v1');

    await running.aws.put(it.SecretId, new Uint8Array([1, 2, 3]));

    expect(await it.get()).toMatchObject({ SecretBinary: new Uint8Array([1, 2, 3]) });
    expect((await it.get()).SecretString).toBeUndefined();
    expect(await it.read()).toBe('unusable_value');
    expect(await it.read('AWSPREVIOUS')).toBe('v1');
  });
});
