import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Stack } from '../../local/stack.ts';
import { type EnforcingAws, secretOf, startEnforcingAws, temporaryKey } from '../support/enforcing-aws.ts';
import { steadyRequests } from '../support/steady-requests.ts';
import { send } from './support/send.ts';
import { startSigningStack } from './support/signing-stack.ts';

const SECRET = 'prod/session';

let aws: EnforcingAws;
let stack: Stack;

beforeAll(async () => {
  aws = await startEnforcingAws();
  const key = await temporaryKey(aws, 'renewed');
  await aws.put(SECRET, secretOf(key));
  await aws.put('prod/aws', secretOf(aws.user));
  stack = await startSigningStack(aws, [
    { name: 's3', secret: SECRET, sigv4: { service: 's3', payload: 'unsigned' }, limit: null },
    { name: 'strict', host: 'strict.example', secret: SECRET, sigv4: { service: 'execute-api' } },
    { name: 'r2', sigv4: { service: 's3', region: 'auto' } },
    { name: 'b2', sigv4: { service: 's3', region: 'us-west-004', payload: 'unsigned' }, limit: null },
    {
      name: 'everywhere',
      host: 'everywhere.example',
      sigv4: { service: 's3', region: '*', payload: 'unsigned' },
      limit: null,
    },
    { name: 'lattice', host: 'lattice.example', sigv4: { service: 'vpc-lattice-svcs' }, limit: null },
  ]);
  stack.upstream.accept('strict.example', key.accessKeyId);
  stack.upstream.accept('everywhere.example', aws.user.accessKeyId);
  stack.upstream.accept('lattice.example', aws.user.accessKeyId);
});
afterAll(async () => {
  await stack?.stop();
  await aws?.stop();
});
beforeEach(() => stack.upstream.requests.clear());

describe('a temporary key that is renewed in the secret under load', () => {
  it('fails no request, though the destination refuses the one before at once', async () => {
    await using verified = steadyRequests(stack.port, 's3.int', 10);
    await using strict = steadyRequests(stack.port, 'strict.int', 10);
    await verified.seen.find(({ status }) => status === 200, 'a first answer', 20_000);

    for (let renewal = 0; renewal < 4; renewal += 1) {
      const key = await temporaryKey(aws, 'renewed');
      await aws.put(SECRET, secretOf(key));
      stack.upstream.accept('strict.example', key.accessKeyId);
      await sleep(1_500);
    }

    const failed = [verified, strict].map(({ seen }) => seen.entries.filter(({ status }) => status !== 200));
    expect(failed).toEqual([[], []]);
    const sent = new Set(stack.upstream.requests.entries.map(({ headers }) => headers['x-amz-security-token']));
    expect(sent.size).toBeGreaterThanOrEqual(4);
  });
});

describe('a store that speaks as S3 does, in a Region of its own naming', () => {
  it.each([
    ['r2', 'auto'],
    ['b2', 'us-west-004'],
  ])('takes what is signed for it: %s in %s', async (name, region) => {
    const body = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
    const made = await send(stack.port, { host: `${name}.int`, method: 'PUT', path: `/bucket-${name}`, body });
    const put = await send(stack.port, {
      host: `${name}.int`,
      method: 'PUT',
      path: `/bucket-${name}/a%20b`,
      body: 'x',
    });
    const got = await send(stack.port, { host: `${name}.int`, path: `/bucket-${name}/a%20b` });

    expect([made.status, put.status, got.status, got.text]).toEqual([200, 200, 200, 'x']);
  });
});

describe('a Multi-Region Access Point', () => {
  it('gets a signature for every Region, and nothing of the one that the caller made', async () => {
    const reply = await send(stack.port, {
      host: 'everywhere.int',
      path: '/a%20b',
      headers: {
        authorization:
          'AWS4-ECDSA-P256-SHA256 Credential=any/20200101/s3/aws4_request, SignedHeaders=host, Signature=00',
        'x-amz-region-set': 'us-*',
      },
    });

    expect(reply.status).toBe(200);
    const [request] = stack.upstream.requests.entries;
    expect(request?.headers['x-amz-region-set']).toBe('*');
    expect(request?.headers.authorization).toMatch(
      /^AWS4-ECDSA-P256-SHA256 Credential=\w+\/\d{8}\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-region-set, /,
    );
  });
});

describe('VPC Lattice', () => {
  it('gets a signature that covers all but the body, which is passed on as it comes', async () => {
    const body = Buffer.alloc(20_000_000, 'x');

    const reply = await send(stack.port, { host: 'lattice.int', path: '/a', body });

    expect(reply.status).toBe(200);
    const [request] = stack.upstream.requests.entries;
    expect(request?.headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
    expect(request?.headers.authorization).toMatch(
      /\/us-east-1\/vpc-lattice-svcs\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, /,
    );
    expect(request?.body.equals(body)).toBe(true);
  });
});
