import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRequest } from '../../src/signing/sign-request.ts';
import { SigningKey, type SigningKeyParts } from '../../src/signing/signing-key.ts';
import { type EnforcingAws, element, startEnforcingAws } from '../support/enforcing-aws.ts';
import { type Reply, send } from './support/send.ts';

let aws: EnforcingAws;

beforeAll(async () => {
  aws = await startEnforcingAws();
});
afterAll(() => aws?.stop());

interface Call {
  readonly service: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly unsigned?: boolean;
}

/** Signs a call and sends it, changed after the signature if `change` says so. */
async function call(one: Call, parts: SigningKeyParts = aws.user, change: Partial<Call> = {}): Promise<Reply> {
  const method = one.method ?? 'POST';
  const { set } = await signRequest(
    {
      method,
      authority: aws.authority,
      path: one.path ?? '/',
      headers: Object.entries(one.headers ?? {}),
      payload: one.unsigned === true ? 'unsigned' : Buffer.from(one.body ?? ''),
    },
    new SigningKey(parts),
    { service: one.service, region: aws.region },
  );
  const sent = { ...one, ...change };
  return send(Number(new URL(aws.endpoint).port), {
    host: aws.authority,
    method: sent.method ?? 'POST',
    path: sent.path ?? '/',
    headers: { ...sent.headers, ...Object.fromEntries(set) },
    ...(sent.body === undefined ? {} : { body: sent.body }),
  });
}

const json = (service: string, version: string, target: string, body: object): Call => ({
  service,
  headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
  body: JSON.stringify(body),
});

const listTables = json('dynamodb', '1.0', 'DynamoDB_20120810.ListTables', {});
const createQueue = json('sqs', '1.0', 'AmazonSQS.CreateQueue', { QueueName: 'signed' });
const listBuckets: Call = { service: 's3', method: 'GET' };
const whoAmI: Call = {
  service: 'sts',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'Action=GetCallerIdentity&Version=2011-06-15',
};
const calls = [
  ['DynamoDB', listTables],
  ['SQS', createQueue],
  ['S3', listBuckets],
  ['STS', whoAmI],
] as const;

describe.each(calls)('an AWS that checks signatures: %s', (_name, one) => {
  it('takes a request that is signed for its user', async () => {
    const reply = await call(one);

    expect(reply.status, reply.text).toBe(200);
  });

  it('refuses one that is signed with another secret key', async () => {
    const reply = await call(one, { ...aws.user, secretAccessKey: 'wrong' });

    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.text).toMatch(/SignatureDoesNotMatch|InvalidSignature/);
  });

  it('refuses one whose path or signed header changed on the way', async () => {
    const elsewhere = await call(one, aws.user, { path: '/?changed=1' });
    const otherwise = await call({ ...one, headers: { ...one.headers, 'x-amz-meta-a': '1' } }, aws.user, {
      headers: { ...one.headers, 'x-amz-meta-a': '2' },
    });

    expect(elsewhere.text).toMatch(/SignatureDoesNotMatch|InvalidSignature/);
    expect(otherwise.text).toMatch(/SignatureDoesNotMatch|InvalidSignature/);
  });
});

describe('a role', () => {
  async function assumed(): Promise<SigningKeyParts> {
    const parameters = { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: aws.role, RoleSessionName: 'test' };
    const reply = await call({ ...whoAmI, body: new URLSearchParams(parameters).toString() });
    return {
      accessKeyId: element(reply.text, 'AccessKeyId'),
      secretAccessKey: element(reply.text, 'SecretAccessKey'),
      sessionToken: element(reply.text, 'SessionToken'),
    };
  }

  it('is assumed by the user, and its key signs with its session token', async () => {
    const key = await assumed();
    const reply = await call(whoAmI, key);

    expect(reply.text).toContain('assumed-role/signed-for/test');
    for (const [, one] of calls) expect((await call(one, key)).status).toBe(200);
  });

  it('is nobody with another session token', async () => {
    const reply = await call(whoAmI, { ...(await assumed()), sessionToken: 'another' });

    expect(reply.status).toBe(403);
  });
});

describe('an object of S3', () => {
  beforeAll(async () => {
    await call({ service: 's3', method: 'PUT', path: '/signed' });
  });

  const keys = [
    'plain',
    'with%20space',
    'plus%2Bsign',
    '%E6%97%A5%E6%9C%AC',
    '%24%40%3D%3A%2C%25',
    'a//b',
    'a/./b',
    '~-_.',
  ];

  it.each(keys)('is written and read under the key %s', async (key) => {
    const path = `/signed/${key}`;
    const put = await call({
      service: 's3',
      method: 'PUT',
      path,
      body: key,
      headers: { 'x-amz-meta-owner': 'two  spaces' },
    });
    const unsigned = await call({ service: 's3', method: 'PUT', path, body: `${key}!`, unsigned: true });
    const got = await call({ service: 's3', method: 'GET', path });

    expect([put.status, unsigned.status, got.status], put.text).toEqual([200, 200, 200]);
    expect(got.text).toBe(`${key}!`);
  });

  it.each([
    '?acl',
    '?list-type=2&prefix=a%2Fb&delimiter=%2f',
    '?prefix=a+b&list-type=2',
    '?versioning',
    '?prefix==&max-keys=1',
  ])('is asked for with the query %s', async (query) => {
    await call({ service: 's3', method: 'PUT', path: '/signed' });
    const reply = await call({ service: 's3', method: 'GET', path: `/signed${query}` });

    expect(reply.status, reply.text).toBe(200);
  });
});
