import { DeleteSecretCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { leadOverAws } from '../../src/aws/aws-clock.ts';
import { awsSettingsProblems, SecretsManager } from '../../src/secrets/secrets-manager.ts';
import { credential, request, version } from '../credentials/support.ts';
import type { AwsCall } from '../support/scripted-secrets-manager/faulty-server.ts';
import { rateLimit } from '../support/scripted-secrets-manager/rate-limit.ts';
import {
  type ScriptedSecretsManager,
  startScriptedSecretsManager,
} from '../support/scripted-secrets-manager/scripted-secrets-manager.ts';

const REGIONS = ['us-east-1', 'eu-central-1'];
const withoutBatches = ({ operation }: AwsCall) =>
  operation === 'BatchGetSecretValue' ? ({ error: 'AccessDeniedException' } as const) : undefined;

let aws: ScriptedSecretsManager;
let source: SecretsManager;

beforeEach(async () => {
  aws = await startScriptedSecretsManager();
  for (const [name, value] of Object.entries(aws.aws.environment)) vi.stubEnv(name, value);
  source = new SecretsManager({ deadline: 4_000 });
});
afterEach(async () => {
  source.close();
  await aws.stop();
  vi.unstubAllEnvs();
});

/** How long something takes, in ms. */
async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const began = performance.now();
  const result = await work;
  return { result, ms: performance.now() - began };
}

describe('the source of secrets', () => {
  it('reads the current version, by name and by ARN, with one call each', async () => {
    const id = await aws.aws.put('prod/x', 'v1');
    const arn = `arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/x`;

    const byName = await source.fetch('prod/x', true);
    const byArn = await source.fetch(arn, true);

    expect([byName, byArn].map((version) => [version.id, version.reveal()])).toEqual([
      [id, 'v1'],
      [id, 'v1'],
    ]);
    const reads = aws.calls.entries.filter(({ operation }) => operation === 'GetSecretValue');
    expect(reads.map(({ region }) => region)).toEqual(['us-east-1', 'eu-central-1']);
  });

  it.each(['prod/x', 'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/x'])(
    'reads %s from a replica when its own Region fails',
    async (secret) => {
      await aws.aws.put('prod/x', 'v1');
      aws.disturb(({ region }) =>
        region === 'us-east-1' ? { error: 'InternalServiceError', status: 500 } : undefined,
      );

      const version = await source.fetch(secret, true, { replicas: ['eu-west-1'] });

      expect([version.reveal(), version.fromReplica]).toEqual(['v1', true]);
      const answered = aws.calls.entries.at(-1);
      expect([answered?.region, answered?.secret]).toEqual(['eu-west-1', secret.replace('us-east-1', 'eu-west-1')]);
    },
  );

  it('reads what a label is on', async () => {
    const first = await aws.aws.put('prod/x', 'v1');
    const second = await aws.aws.put('prod/x', 'v2');

    const before = await source.fetch('prod/x', true, { stage: 'AWSPREVIOUS' });
    await aws.aws.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'prod/x',
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: second,
        MoveToVersionId: first,
      }),
    );
    const after = await source.fetch('prod/x', true, { stage: 'AWSPREVIOUS' });

    expect([before.reveal(), after.reveal()]).toEqual(['v1', 'v2']);
  });

  it.each([
    ['InternalServiceError with 400', { error: 'InternalServiceError' }],
    ['a page instead of JSON', { status: 503, body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['a lost connection', 'cut'],
    ['throttling', { error: 'ThrottlingException' }],
    ['a short retry-after', { error: 'ThrottlingException', headers: { 'retry-after': '0' } }],
    ['an expired token', { error: 'ExpiredTokenException' }],
  ] as const)('gets over one failure: %s', async (_, fault) => {
    await aws.aws.put('prod/x', 'v1');
    let failures = 0;
    aws.disturb(() => {
      failures += 1;
      return failures === 1 ? fault : undefined;
    });

    const { result, ms } = await timed(source.fetch('prod/x', true));

    expect(result.reveal()).toBe('v1');
    expect(ms).toBeLessThan(1_500);
  });

  it('gets over a connection that has died unnoticed, within the time that a request waits', async () => {
    await aws.aws.put('prod/x', 'v1');
    await source.fetch('prod/x', true);
    let calls = 0;
    aws.disturb(() => {
      calls += 1;
      return calls === 1 ? 'hang' : undefined;
    });

    const { result, ms } = await timed(source.fetch('prod/x', true));

    expect(result.reveal()).toBe('v1');
    expect(ms).toBeLessThan(2_000);
  });

  it.each([
    ['retry-after', '60'],
    ['x-amz-retry-after', '60000'],
  ])('is told of throttling in time, whatever pause AWS asks for by %s', async (header, value) => {
    aws.disturb(() => ({ error: 'ThrottlingException', headers: { [header]: value } }));

    const { result, ms } = await timed(source.fetch('prod/x', true).catch((error) => error.reason));

    expect(result).toBe('throttled');
    expect(ms).toBeLessThan(1_500);
  });

  it.each([-1, 1])('works with a clock that is ten minutes off (%i)', async (direction) => {
    await aws.aws.put('prod/x', 'v1');
    aws.clockSkewMs = direction * 10 * 60_000;

    expect((await source.fetch('prod/x', true)).reveal()).toBe('v1');
  });

  it.each([-1, 1])(
    'finds out by how much the clock is off, and signatures are dated by that of AWS (%i)',
    async (direction) => {
      await aws.aws.put('prod/x', 'v1');
      aws.clockSkewMs = direction * 10 * 60_000;
      await source.fetch('prod/x', true);

      expect(Math.abs(leadOverAws() + direction * 600)).toBeLessThanOrEqual(2);
      const key = version('{"access_key_id":"AKIDEXAMPLE","secret_access_key":"wJalrXUtnFEMI"}');
      const step = credential('aws_sigv4', { service: 'sqs', region: 'eu-west-1' }).prepare('prod/x', key);
      const signed = 'sign' in step ? await step.sign(request(), '/') : undefined;
      const date = signed?.set.find(({ name }) => name === 'x-amz-date')?.value.toString() ?? '';
      const seconds = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')) / 1_000;
      expect(Math.abs(seconds - (Date.now() + aws.clockSkewMs) / 1_000)).toBeLessThanOrEqual(2);

      aws.clockSkewMs = 0;
      await source.fetch('prod/x', true);
      expect(leadOverAws()).toBe(0);
    },
  );

  it('ends a read at its deadline, whatever hangs, and serves the next one', async () => {
    await aws.aws.put('prod/x', 'v1');
    const hurried = new SecretsManager({ deadline: 300 });
    aws.disturb(() => 'hang');

    const { result, ms } = await timed(hurried.fetch('prod/x', true).catch((error) => error.reason));
    aws.disturb(undefined);
    const next = await hurried.fetch('prod/x', true);
    hurried.close();

    expect(result).toBe('timeout');
    expect(ms).toBeLessThan(400);
    expect(next.reveal()).toBe('v1');
  });

  it('lets other reads end undisturbed when AWS refuses the identity of one', async () => {
    await aws.aws.put('prod/x', 'v1');
    await aws.aws.put('prod/slow', 'v1');
    aws.disturb(({ secret }) => (secret === 'prod/slow' ? { delayMs: 300 } : { error: 'ExpiredTokenException' }));
    const slow = source.fetch('prod/slow', true);
    await aws.calls.find(({ secret, operation }) => secret === 'prod/slow' && operation === 'GetSecretValue');

    const failed = await source.fetch('prod/x', true).catch((error) => error.reason);

    expect(failed).toBe('aws_credentials');
    expect((await slow).reveal()).toBe('v1');
    expect(
      aws.calls.entries.filter(({ secret, operation }) => secret === 'prod/slow' && operation === 'GetSecretValue'),
    ).toHaveLength(1);
  });

  it('asks for urgent secrets first when many wait, ten at a time', async () => {
    aws.delayMs = 50;
    aws.disturb(withoutBatches);
    const names = Array.from({ length: 15 }, (_, index) => `prod/${index}`);
    const reads = names.map((name) => source.fetch(name, false).catch(() => undefined));
    const urgent = source.fetch('prod/urgent', true).catch(() => undefined);

    await Promise.all([...reads, urgent]);

    const alone = aws.calls.entries.filter(({ operation }) => operation === 'GetSecretValue');
    expect(alone.findIndex(({ secret }) => secret === 'prod/urgent')).toBeLessThan(10);
    expect(alone).toHaveLength(16);
  });
});

describe('many secrets at once', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `prod/${index}`);
  const operations = () => aws.calls.entries.map(({ operation }) => operation);

  /** Reads them all, and gives how each one ended. */
  const readAll = (ids: readonly string[]) =>
    Promise.all(
      ids.map((id) =>
        source.fetch(id, false).then(
          (version) => version.reveal(),
          (error) => error.reason,
        ),
      ),
    );

  beforeEach(() => aws.fill(names(60)));

  it('are read together, twenty by a call', async () => {
    const values = await readAll(names(60));

    expect(values).toEqual(names(60).map((name) => `value of ${name}`));
    expect(operations()).toEqual(Array(3).fill('BatchGetSecretValue'));
  });

  it('are read one by one as long as a call for each can be under way', async () => {
    await readAll(names(10));

    expect(operations()).toEqual(Array(10).fill('GetSecretValue'));
  });

  it('are read by ARN in the Region of each', async () => {
    const arns = names(40).map(
      (name, index) => `arn:aws:secretsmanager:${REGIONS[index % 2]}:123456789012:secret:${name}`,
    );

    const values = await readAll(arns);

    expect(values).toEqual(names(40).map((name) => `value of ${name}`));
    for (const { body, region } of aws.calls.entries) {
      for (const id of (body.SecretIdList as string[] | undefined) ?? []) expect(id).toContain(`:${region}:`);
    }
  });

  it.each(['AccessDeniedException', 'InvalidParameterException', 'UnknownOperationException', 'InternalFailure'])(
    'are read one by one where BatchGetSecretValue is answered with %s, which is not asked again soon',
    async (error) => {
      aws.disturb(({ operation }) => (operation === 'BatchGetSecretValue' ? { error } : undefined));

      const values = await readAll(names(60));
      const before = operations().filter((it) => it === 'BatchGetSecretValue').length;
      await readAll(names(60));

      expect(values).toEqual(names(60).map((name) => `value of ${name}`));
      expect(operations().filter((it) => it === 'BatchGetSecretValue').length).toBe(before);
    },
  );

  it('hear of each that cannot be read from GetSecretValue, while the others are not kept from being read', async () => {
    await aws.aws.client.send(new DeleteSecretCommand({ SecretId: 'prod/7' }));
    await aws.aws.put('prod/8', Buffer.from('binary'));

    const values = await readAll([...names(60), 'prod/none']);

    expect([values[7], values[8], values.at(-1)]).toEqual(['secret_deleted', 'unusable_value', 'secret_not_found']);
    expect(values.filter((value) => value?.startsWith('value of'))).toHaveLength(58);
  });

  it('are all read where AWS throttles, since each waits for another turn', async () => {
    aws.disturb(rateLimit({ BatchGetSecretValue: 1, GetSecretValue: 20 }));

    const values = await readAll(names(60));

    expect(values).toEqual(names(60).map((name) => `value of ${name}`));
  });

  it('let the one pass for which a request has begun to wait', async () => {
    aws.delayMs = 50;
    aws.disturb(withoutBatches);
    const order: string[] = [];
    const reads = names(60).map((name) => source.fetch(name, false).then(() => order.push(name)));
    await aws.calls.find(({ operation }) => operation === 'GetSecretValue');

    source.hurry('prod/59');
    await Promise.all(reads);

    expect(order.indexOf('prod/59')).toBeLessThan(30);
  });
});

describe('AWS settings that cannot work', () => {
  it.each([
    ['a FIPS endpoint beside an endpoint', { AWS_USE_FIPS_ENDPOINT: 'true' }, /AWS_USE_FIPS_ENDPOINT/],
    ['a dual-stack endpoint beside an endpoint', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, /AWS_USE_DUALSTACK_ENDPOINT/],
    ['no Region', { AWS_REGION: '', AWS_DEFAULT_REGION: '' }, /AWS_REGION=/],
    ['an endpoint that is no URL', { AWS_ENDPOINT_URL_SECRETS_MANAGER: 'nonsense' }, /is no URL/],
  ])('are told at start: %s', async (_, environment, sentence) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);

    expect((await awsSettingsProblems()).join('\n')).toMatch(sentence);
  });

  it('are not seen in good ones', async () => {
    expect(await awsSettingsProblems()).toEqual([]);
  });
});
