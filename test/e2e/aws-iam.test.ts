import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningAws, startAws } from '../../local/aws.ts';
import { SecretsManager } from '../../src/secrets/secrets-manager.ts';

/** The emulator's root is who has the keys that it was started with. */
const root = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

describe('a user of IAM who may read one secret', () => {
  let aws: RunningAws;

  beforeAll(async () => {
    aws = await startAws({ env: { AUTH: 'true', ...root } });
    await aws.put('prod/allowed', 'v1');
    await aws.put('prod/other', 'v1');
    await iam({ Action: 'CreateUser', UserName: 'attache' });
    await allow('prod/allowed');
    const keys = await iam({ Action: 'CreateAccessKey', UserName: 'attache' });
    for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
    vi.stubEnv('AWS_ACCESS_KEY_ID', /<AccessKeyId>(.+?)</.exec(keys)?.[1]);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', /<SecretAccessKey>(.+?)</.exec(keys)?.[1]);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await aws?.stop();
  });

  /** A call to IAM's API as root, whose signature the emulator does not look at. */
  async function iam(parameters: Readonly<Record<string, string>>): Promise<string> {
    const scope = 'Credential=local/20260101/us-east-1/iam/aws4_request';
    const answer = await fetch(aws.endpoint, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
    });
    if (!answer.ok) throw new Error(`IAM refuses ${parameters.Action}: ${await answer.text()}`);
    return await answer.text();
  }

  function allow(...names: string[]): Promise<string> {
    return permit({
      Action: 'secretsmanager:GetSecretValue',
      Resource: names.map((name) => `arn:aws:secretsmanager:*:*:secret:${name}-*`),
    });
  }

  /** The user may do this, and nothing else. */
  function permit(...statements: object[]): Promise<string> {
    return iam({
      Action: 'PutUserPolicy',
      UserName: 'attache',
      PolicyName: 'read',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
      }),
    });
  }

  async function read(secret: string): Promise<string> {
    const source = new SecretsManager({ deadline: 5_000 });
    try {
      return (await source.fetch(secret, true)).reveal();
    } catch (error) {
      return (error as { reason: string }).reason;
    } finally {
      source.close();
    }
  }

  it('reads that one and is denied the others, and those that do not exist', async () => {
    expect([await read('prod/allowed'), await read('prod/other'), await read('prod/missing')]).toEqual([
      'v1',
      'access_denied',
      'access_denied',
    ]);
  });

  it.each([
    ['with BatchGetSecretValue', [{ Action: 'secretsmanager:BatchGetSecretValue', Resource: '*' }]],
    ['without BatchGetSecretValue', []],
  ])('reads many, %s, and is denied those alone that it may not read', async (_, statements) => {
    const names = Array.from({ length: 25 }, (_, index) => `many/${index}`);
    for (const name of names) await aws.put(name, `value of ${name}`);
    await permit({ Action: 'secretsmanager:GetSecretValue', Resource: '*:secret:many/*' }, ...statements);
    const source = new SecretsManager({ deadline: 5_000 });

    const read = await Promise.all(
      [...names, 'prod/other'].map((name) =>
        source.fetch(name, false).then(
          (version) => version.reveal(),
          (error) => error.reason,
        ),
      ),
    );
    source.close();
    await allow('prod/allowed');

    expect(read).toEqual([...names.map((name) => `value of ${name}`), 'access_denied']);
  });

  it('is denied it as soon as the policy no longer names it, and reads it again when it does', async () => {
    await allow('prod/other');
    const revoked = await read('prod/allowed');
    await allow('prod/allowed');

    expect(revoked).toBe('access_denied');
    expect(await read('prod/allowed')).toBe('v1');
  });

  it('is told that the credentials are at fault when the key is unknown or its secret key is wrong', async () => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key } = process.env;
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    const wrong = await read('prod/allowed');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAUNKNOWN000000000');
    const unknown = await read('prod/allowed');
    vi.stubEnv('AWS_ACCESS_KEY_ID', id);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', key);

    expect([wrong, unknown]).toEqual(['aws_credentials', 'aws_credentials']);
  });
});
