import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RunningAws, startAws } from '../../local/aws.ts';
import { freePort } from '../../local/ports.ts';
import { AwsError } from '../../src/aws/aws-failure.ts';
import { Ec2 } from '../../src/callers/ec2-api.ts';
import { Ec2Tags } from '../../src/callers/ec2-tags.ts';
import { LookupError } from '../../src/callers/lookup-error.ts';
import { caller, policy } from '../callers/support.ts';
import { soon } from '../support/deadline.ts';

const root = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
const agentsOnly = policy(['tag:agents']);

describe('a caller whose EC2 instance is tagged', () => {
  let aws: RunningAws;
  let user: { id: string; key: string };
  let ec2: Ec2;
  let tags: Ec2Tags;
  let last = 0;

  beforeAll(async () => {
    aws = await startAws({ env: { AUTH: 'true', ...root } });
    await call('iam', { Action: 'CreateUser', UserName: 'attache' });
    await allow('ec2:DescribeInstances');
    const keys = await call('iam', { Action: 'CreateAccessKey', UserName: 'attache' });
    user = { id: /<AccessKeyId>(.+?)</.exec(keys)?.[1] ?? '', key: /<SecretAccessKey>(.+?)</.exec(keys)?.[1] ?? '' };
  });
  afterAll(() => aws?.stop());
  beforeEach(() => {
    for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', aws.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', user.id);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', user.key);
    lookUpAnew();
  });
  afterEach(() => {
    tags.close();
    ec2.close();
    vi.unstubAllEnvs();
  });

  /** As if Attaché had just started, with nothing remembered. */
  function lookUpAnew(vpc?: string): void {
    ec2 = new Ec2({ vpc });
    tags = new Ec2Tags(ec2, 'attache', { maxStale: 60_000 }, () => undefined);
  }

  /** A call as root, whose signature the emulator does not look at. */
  async function call(service: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const scope = `Credential=local/20260101/us-east-1/${service}/aws4_request`;
    const version = service === 'iam' ? '2010-05-08' : '2016-11-15';
    const answer = await fetch(aws.endpoint, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` },
      body: new URLSearchParams({ Version: version, ...parameters }),
    });
    if (!answer.ok) throw new Error(`${parameters.Action} is refused: ${await answer.text()}`);
    return await answer.text();
  }

  function allow(action: string): Promise<string> {
    const statement = { Effect: 'Allow', Action: action, Resource: '*' };
    return call('iam', {
      Action: 'PutUserPolicy',
      UserName: 'attache',
      PolicyName: 'look',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    });
  }

  const newAddress = () => `10.77.${Math.floor(++last / 200)}.${(last % 200) + 1}`;

  async function run(address: string, tag?: string, more: Record<string, string> = {}): Promise<string> {
    const tagged = {
      'TagSpecification.1.ResourceType': 'instance',
      'TagSpecification.1.Tag.1.Key': 'attache',
      'TagSpecification.1.Tag.1.Value': tag ?? '',
      'TagSpecification.1.Tag.2.Key': 'Name',
      'TagSpecification.1.Tag.2.Value': 'a <b> & "c"',
    };
    const answer = await call('ec2', {
      ...{ Action: 'RunInstances', ImageId: 'ami-1', MinCount: '1', MaxCount: '1', PrivateIpAddress: address },
      ...(tag === undefined ? {} : tagged),
      ...more,
    });
    return /<instanceId>(.+?)</.exec(answer)?.[1] ?? '';
  }

  const decide = (address: string) => agentsOnly.decide(caller({ address }), soon(), tags);

  it('may, and the instance is named', async () => {
    const address = newAddress();
    const instance = await run(address, 'agents, prod');

    expect(await decide(address)).toEqual({ allowed: true, by: 'tag:agents', instance });
  });

  it('may not with other tags, without any, or without an instance', async () => {
    const [other, none] = [newAddress(), newAddress()];
    await run(other, 'prod');
    await run(none);

    expect(await Promise.all([other, none, newAddress()].map(decide))).toEqual(Array(3).fill({ allowed: false }));
  });

  it('may also as a clone, since a clone has the tags', async () => {
    const [first, second] = [newAddress(), newAddress()];
    const original = await run(first, 'agents');
    const described = await call('ec2', { Action: 'DescribeInstances', 'InstanceId.1': original });
    const copied = /<key>attache<\/key><value>(.*?)<\/value>/.exec(described)?.[1];
    const clone = await run(second, copied);

    expect(clone).not.toBe(original);
    expect(await decide(second)).toEqual({ allowed: true, by: 'tag:agents', instance: clone });
  });

  it('may as soon as it is tagged, once it is looked up again', async () => {
    const address = newAddress();
    const instance = await run(address);
    const before = await decide(address);
    await call('ec2', {
      Action: 'CreateTags',
      'ResourceId.1': instance,
      'Tag.1.Key': 'attache',
      'Tag.1.Value': 'agents',
    });
    lookUpAnew();

    expect([before, await decide(address)]).toEqual([
      { allowed: false },
      { allowed: true, by: 'tag:agents', instance },
    ]);
  });

  it('loses it with its instance, and whoever has the address next does not inherit it', async () => {
    const address = newAddress();
    const instance = await run(address, 'agents');
    const before = await decide(address);
    await call('ec2', { Action: 'TerminateInstances', 'InstanceId.1': instance });
    lookUpAnew();
    const between = await decide(address);
    const next = await run(address, 'prod');
    lookUpAnew();

    expect([before, between, await decide(address)]).toEqual([
      { allowed: true, by: 'tag:agents', instance },
      { allowed: false },
      { allowed: false },
    ]);
    expect(await tags.ownerOf(address, soon())).toMatchObject({ instance: next, tags: new Set(['prod']) });
  });

  it('is noticed to have lost it without anybody starting anew', async () => {
    const address = newAddress();
    const instance = await run(address, 'agents');
    await decide(address);
    await call('ec2', { Action: 'TerminateInstances', 'InstanceId.1': instance });
    await run(address, 'prod');

    await expect.poll(() => decide(address), { interval: 250 }).toEqual({ allowed: false });
  });

  it('may not when two instances have the address, unless the VPC tells which is meant', async () => {
    const address = newAddress();
    const vpc = /<vpcId>(.+?)</.exec(await call('ec2', { Action: 'CreateVpc', CidrBlock: '10.77.0.0/16' }))?.[1] ?? '';
    const subnet = await call('ec2', { Action: 'CreateSubnet', VpcId: vpc, CidrBlock: '10.77.0.0/24' });
    await run(address, 'agents');
    await run(address, 'agents', { SubnetId: /<subnetId>(.+?)</.exec(subnet)?.[1] ?? '' });

    expect(await decide(address)).toEqual({ allowed: false });
    lookUpAnew(vpc);
    expect(await decide(address)).toMatchObject({ allowed: true });
  });

  it('is not known when Attaché may not ask, has a wrong key, or AWS is away', async () => {
    const address = newAddress();
    await run(address, 'agents');
    const reason = async () => {
      lookUpAnew();
      const verdict = await decide(address);
      return !verdict.allowed && verdict.unknown instanceof LookupError ? verdict.unknown.reason : verdict;
    };
    await allow('ec2:DescribeVpcs');
    const denied = await reason();
    await allow('ec2:DescribeInstances');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    const wrong = await reason();
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', user.key);
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', `http://127.0.0.1:${await freePort()}`);
    const away = await reason();

    expect([denied, wrong, away]).toEqual(['access_denied', 'aws_credentials', 'network']);
  });

  it('is asked for together with two hundred others in four calls', async () => {
    const addresses = Array.from({ length: 200 }, newAddress);
    const instances = await Promise.all(addresses.slice(0, 20).map((address) => run(address, 'agents')));
    const asked = vi.spyOn(ec2, 'instances');

    const verdicts = await Promise.all(addresses.map(decide));

    expect(asked).toHaveBeenCalledTimes(4);
    expect(verdicts.flatMap((it) => (it.allowed ? [it.instance] : []))).toEqual(instances);
  });

  it('is not asked for any more once Attaché has let go', async () => {
    ec2.close();

    await expect(ec2.instances([newAddress()], true)).rejects.toThrow(AwsError);
  });
});
