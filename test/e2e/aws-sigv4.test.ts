import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import type { Stack } from '../../local/stack.ts';
import { BODIES_ATTRIBUTE } from '../../src/integrations/body-override.ts';
import { ATTEMPT_ATTRIBUTE, INTEGRATION_ATTRIBUTE } from '../../src/processor/request-facts.ts';
import type { SigningKeyParts } from '../../src/signing/signing-key.ts';
import { type EnforcingAws, element, secretOf, startEnforcingAws, temporaryKey } from '../support/enforcing-aws.ts';
import { type Message, type Reply, send } from './support/send.ts';
import { keyIdIn, startSigningStack } from './support/signing-stack.ts';
import { type StsFront, startStsFront } from './support/sts-front.ts';

const WITHOUT_BODIES = { allow_mode_override: undefined, allowed_override_modes: undefined };
const EMPTY_SHA256 = sha256(Buffer.alloc(0));

let aws: EnforcingAws;
let sts: StsFront;
let stack: Stack;
/** A temporary key of the role. */
let session: SigningKeyParts;

beforeAll(async () => {
  aws = await startEnforcingAws();
  sts = await startStsFront(aws.endpoint);
  await aws.asRoot('iam', {
    Version: '2010-05-08',
    Action: 'PutUserPolicy',
    UserName: 'signer',
    PolicyName: 'secrets',
    PolicyDocument:
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}',
  });
  session = await temporaryKey(aws, 'stored');
  await aws.put('prod/aws', secretOf(aws.user));
  await aws.put('prod/session', secretOf(session));
  await aws.put('prod/rotated', secretOf(aws.user));
  stack = await startSigningStack(
    aws,
    [
      { name: 's3', sigv4: { service: 's3' } },
      { name: 's3-unsigned', sigv4: { service: 's3', payload: 'unsigned' }, limit: null },
      { name: 'sqs', sigv4: { service: 'sqs' } },
      { name: 'dynamodb', sigv4: { service: 'dynamodb' } },
      { name: 'secretsmanager', sigv4: { service: 'secretsmanager' } },
      { name: 'sts-session', secret: 'prod/session', sigv4: { service: 'sts' } },
      { name: 'sts-role', sigv4: { service: 'sts', role: aws.role } },
      { name: 'sqs-rotated', secret: 'prod/rotated', sigv4: { service: 'sqs' } },
      { name: 'seen', host: 'seen.example', sigv4: { service: 'execute-api' } },
      {
        name: 'seen-unsigned',
        host: 'seen-unsigned.example',
        sigv4: { service: 's3', payload: 'unsigned' },
        limit: null,
      },
      { name: 'seen-role', host: 'seen-role.example', sigv4: { service: 'execute-api', role: aws.role } },
      { name: 'seen-rotated', host: 'seen-rotated.example', secret: 'prod/rotated', sigv4: { service: 'execute-api' } },
      { name: 'small', host: 'small.example', sigv4: { service: 'execute-api' }, limit: 1_000 },
      { name: 'wide', host: 'wide.example', sigv4: { service: 'execute-api' }, limit: 8_388_608 },
      { name: 'silent', host: 'silent.example', cluster: 'silent', sigv4: { service: 'execute-api' } },
    ],
    {
      attache: { env: { AWS_ENDPOINT_URL_STS: sts.endpoint } },
      clusters: [
        {
          name: 'silent',
          filter: { ...WITHOUT_BODIES, request_attributes: [INTEGRATION_ATTRIBUTE, ATTEMPT_ATTRIBUTE] },
        },
      ],
    },
  );
  stack.upstream.accept('seen.example', aws.user.accessKeyId);
  stack.upstream.accept('seen-unsigned.example', aws.user.accessKeyId);
  stack.upstream.accept('small.example', aws.user.accessKeyId);
  stack.upstream.accept('wide.example', aws.user.accessKeyId);
  await to('s3', { method: 'PUT', path: '/bucket' });
});
afterAll(async () => {
  await stack?.stop();
  await sts?.[Symbol.asyncDispose]();
  await aws?.stop();
});
afterEach(() => {
  stack.upstream.requests.entries.length = 0;
  stack.upstream.answerWith(undefined);
});

function to(name: string, message: Partial<Message> = {}): Promise<Reply> {
  return send(stack.port, { host: `${name}.int`, ...message });
}

function received() {
  return stack.upstream.requests.entries;
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

async function newUserKey(): Promise<SigningKeyParts> {
  const text = await aws.asRoot('iam', { Version: '2010-05-08', Action: 'CreateAccessKey', UserName: 'signer' });
  return { accessKeyId: element(text, 'AccessKeyId'), secretAccessKey: element(text, 'SecretAccessKey') };
}

const json = (version: string, target: string, body: object): Partial<Message> => ({
  headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
  body: JSON.stringify(body),
});

const whoAmI: Partial<Message> = {
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'Action=GetCallerIdentity&Version=2011-06-15',
};

describe('S3, which checks signatures, through Envoy', () => {
  it.each([
    ['plain', 'with content-length', 'a body'],
    ['chunked', 'in chunks', ['a ', 'bo', 'dy']],
    ['empty', 'empty', ''],
    ['empty-chunked', 'empty, in chunks', []],
    ['with%20space%20and%2Bplus', 'with content-length', 'a body'],
    ['%E6%97%A5%E6%9C%AC/%C3%BC', 'with content-length', 'a body'],
    ['a//b/~-_.%24%40%3D%3A%2C%25', 'with content-length', 'a body'],
    ['large', 'of 2 MiB, in chunks', Array<string>(32).fill('x'.repeat(65_536))],
  ])('writes, reads, lists and deletes the object %s, its body %s', async (key, _, body) => {
    const path = `/bucket/${key}`;
    const put = await to('s3', { method: 'PUT', path, body, headers: { 'x-amz-meta-owner': 'two  spaces' } });
    const got = await to('s3', { path });
    const listed = await to('s3', { path: `/bucket?list-type=2&max-keys=1000&prefix=${key}&delimiter=` });
    const deleted = await to('s3', { method: 'DELETE', path });
    const gone = await to('s3', { path });

    expect([put.status, got.status, listed.status, deleted.status, gone.status], put.text).toEqual([
      200, 200, 200, 204, 404,
    ]);
    expect(got.text).toBe([body].flat().join(''));
    expect(got.headers['x-amz-meta-owner']).toBe('two  spaces');
    expect(listed.text).toContain('<KeyCount>1</KeyCount>');
  });

  it.each(['?acl', '?versioning', '?list-type=2&prefix=a%2Fb&delimiter=%2f', '?prefix=a+b&list-type=2'])(
    'answers the query %s',
    async (query) => {
      const reply = await to('s3', { path: `/bucket${query}` });

      expect(reply.status, reply.text).toBe(200);
    },
  );

  it('takes 20 MB with their payload unsigned', async () => {
    const body = Array<Buffer>(20).fill(Buffer.alloc(1_000_000, 'x'));
    const put = await to('s3-unsigned', { method: 'PUT', path: '/bucket/twenty', body });
    const head = await to('s3-unsigned', { method: 'HEAD', path: '/bucket/twenty' });

    expect(put.status, put.text).toBe(200);
    expect(head.headers['content-length']).toBe('20000000');
  });

  it.each(['s3', 's3-unsigned'])(
    'takes a body in chunks of its own with a checksum behind, as its SDKs send a stream: %s',
    async (name) => {
      const put = await to(name, {
        method: 'PUT',
        path: '/bucket/aws-chunked',
        headers: {
          'content-encoding': 'aws-chunked',
          'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          'x-amz-decoded-content-length': '5',
          'x-amz-trailer': 'x-amz-checksum-crc32',
        },
        body: '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
      });
      const got = await to(name, { path: '/bucket/aws-chunked' });

      expect(put.status, put.text).toBe(200);
      expect(got.text).toBe('hello');
    },
  );

  it('is not asked when the caller signed its chunks, which nobody could verify', async () => {
    const reply = await to('s3', {
      method: 'PUT',
      path: '/bucket/signed-chunks',
      headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
      body: '5;chunk-signature=0\r\nhello\r\n0;chunk-signature=0\r\n\r\n',
    });

    expect(reply.status).toBe(403);
    expect(reply.headers['x-attache-error']).toBe('request_not_allowed');
    expect((await to('s3', { path: '/bucket/signed-chunks' })).status).toBe(404);
  });
});

describe('other services of AWS, through Envoy', () => {
  it('take JSON with their target', async () => {
    const table = { TableName: 'things', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] };
    const definitions = { AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }] };
    const target = (operation: string) => `DynamoDB_20120810.${operation}`;
    const created = await to(
      'dynamodb',
      json('1.0', target('CreateTable'), { ...table, ...definitions, BillingMode: 'PAY_PER_REQUEST' }),
    );
    const item = { id: { S: 'ü' }, n: { N: '1' } };
    const put = await to('dynamodb', json('1.0', target('PutItem'), { TableName: 'things', Item: item }));
    const got = await to('dynamodb', json('1.0', target('GetItem'), { TableName: 'things', Key: { id: item.id } }));

    expect([created.status, put.status, got.status], created.text).toEqual([200, 200, 200]);
    expect(got.json()).toEqual({ Item: item });
  });

  it('serve a real SDK whose own key is worth nothing', async () => {
    const lookup = (
      _: string,
      __: unknown,
      found: (error: null, addresses: { address: string; family: 4 }[]) => void,
    ) => found(null, [{ address: '127.0.0.1', family: 4 }]);
    const config = (name: string) => ({
      endpoint: `http://${name}.int:${stack.port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'dummy', secretAccessKey: 'dummy', sessionToken: 'dummy' },
      requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ lookup } as object) }),
    });
    const sqs = new SQSClient({ ...config('sqs'), useQueueUrlAsEndpoint: false });
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'through-envoy' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello ü' }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    const secrets = new SecretsManagerClient(config('secretsmanager'));
    const { SecretList = [] } = await secrets.send(new ListSecretsCommand({}));
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: 'prod/session' }));

    expect(Messages?.map(({ Body }) => Body)).toEqual(['hello ü']);
    expect(SecretList.map(({ Name }) => Name)).toContain('prod/aws');
    expect(SecretString).toBe(secretOf(session));
  });

  it('know the session whose temporary key is in the secret', async () => {
    const reply = await to('sts-session', whoAmI);

    expect(reply.text).toContain('assumed-role/signed-for/stored');
  });

  it('know the role that is assumed with the key in the secret', async () => {
    const reply = await to('sts-role', whoAmI);

    expect(reply.text).toContain('assumed-role/signed-for/attache');
  });

  it('lose no request when a key is replaced and the old one deleted', async () => {
    const before = await to('sqs-rotated', json('1.0', 'AmazonSQS.ListQueues', {}));
    const old = JSON.parse(
      (await aws.client.send(new GetSecretValueCommand({ SecretId: 'prod/rotated' }))).SecretString ?? '',
    );
    const key = await newUserKey();
    await aws.put('prod/rotated', secretOf(key));
    stack.upstream.accept('seen-rotated.example', key.accessKeyId);
    // The key that the user was made with is in use elsewhere.
    if (old.access_key_id !== aws.user.accessKeyId)
      await aws.asRoot('iam', {
        Version: '2010-05-08',
        Action: 'DeleteAccessKey',
        UserName: 'signer',
        AccessKeyId: old.access_key_id,
      });
    const after = await to('sqs-rotated', json('1.0', 'AmazonSQS.ListQueues', {}));

    expect([before.status, after.status], after.text).toEqual([200, 200]);
  });
});

describe('a request that is signed', () => {
  it.each([
    ['with content-length', 'hello'],
    ['in chunks', ['hel', 'lo']],
    ['empty, in chunks', []],
    ['of 1 MB', 'x'.repeat(1_000_000)],
  ])('bears the hash of its body, %s', async (_, body) => {
    const reply = await to('seen', { path: '/a?b=c', body });

    expect(reply.status).toBe(200);
    expect(received()).toHaveLength(1);
    expect(received()[0]?.body.toString()).toBe([body].flat().join(''));
    expect(received()[0]?.headers['x-amz-content-sha256']).toBe(sha256(received()[0]?.body ?? Buffer.alloc(0)));
  });

  it('bears the hash of nothing when it has no body', async () => {
    await to('seen');

    expect(received()[0]?.headers['x-amz-content-sha256']).toBe(EMPTY_SHA256);
  });

  it("bears nothing of the caller's own signature", async () => {
    const reply = await to('seen', {
      body: 'hello',
      headers: {
        authorization: 'AWS4-HMAC-SHA256 Credential=mine/20260101/x/y/aws4_request',
        cookie: 'mine',
        'x-api-key': 'mine',
        'x-amz-date': 'mine',
        'x-amz-content-sha256': 'mine',
        'x-amz-security-token': 'mine',
        'x-amz-s3session-token': 'mine',
        'x-amz-region-set': 'mine',
        'x-amz-target': 'Service.Operation',
      },
    });

    expect(reply.status).toBe(200);
    const headers = received()[0]?.headers ?? {};
    expect(JSON.stringify(headers)).not.toContain('mine');
    expect(headers['x-amz-target']).toBe('Service.Operation');
    expect(headers.authorization).toMatch(/SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target,/);
    expect(headers).not.toHaveProperty('x-amz-security-token');
  });

  it('is streamed when its payload is unsigned', async () => {
    const sent = async () =>
      Object.values(await stack.envoy.stats(/^cluster\.internet\.upstream_cx_tx_bytes_total$/)).at(0) ?? 0;
    const before = await sent();
    const outgoing = request({ port: stack.port, method: 'PUT', headers: { host: 'seen-unsigned.int' } });
    outgoing.write(Buffer.alloc(10_000_000, 'x'));

    await expect.poll(sent).toBeGreaterThan(before + 9_000_000);
    const status = new Promise((resolve) => outgoing.once('response', (reply) => resolve(reply.resume().statusCode)));
    outgoing.end(Buffer.alloc(10_000_000, 'x'));

    expect(await status).toBe(200);
    expect(received()[0]?.body).toHaveLength(20_000_000);
    expect(received()[0]?.headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
  });

  it.each([401, 403])('is signed anew with the new key when the old one was refused with %i', async (status) => {
    const before = JSON.parse(
      (await aws.client.send(new GetSecretValueCommand({ SecretId: 'prod/rotated' }))).SecretString ?? '',
    );
    stack.upstream.accept('seen-rotated.example', before.access_key_id);
    await to('seen-rotated', { body: 'warm' });
    received().length = 0;
    const key = { accessKeyId: `AKIA${status}`, secretAccessKey: 'another' };
    await aws.put('prod/rotated', secretOf(key));
    stack.upstream.answerWith(({ headers }) => (keyIdIn(headers) === key.accessKeyId ? undefined : { status }));
    stack.upstream.accept('seen-rotated.example', key.accessKeyId);

    const reply = await to('seen-rotated', { body: ['hel', 'lo'] });
    await aws.put('prod/rotated', secretOf(aws.user));

    expect(reply.status).toBe(200);
    expect(received().map((one) => [one.status, one.body.toString(), keyIdIn(one.headers)])).toEqual([
      [status, 'hello', before.access_key_id],
      [200, 'hello', key.accessKeyId],
    ]);
    expect(new Set(received().map(({ headers }) => headers.authorization)).size).toBe(2);
    expect(received().map(({ headers }) => headers['x-amz-content-sha256'])).toEqual(
      Array(2).fill(sha256(Buffer.from('hello'))),
    );
  });
});

describe('the key of an assumed role', () => {
  it('is replaced before it expires, and no request fails', async () => {
    sts.lifeMs = 2_000;
    // The key that is held lives for an hour: its refusal has it replaced by one that lives for two seconds.
    const held = sts.given.at(-1);
    stack.upstream.answerWith(({ headers }) => ({ status: keyIdIn(headers) === held ? 401 : 200 }));
    const statuses = new Set<number>();
    const used = new Set<string | undefined>();
    while (used.size < 3) {
      statuses.add((await to('seen-role', { body: 'hello' })).status);
      for (const { headers } of received()) used.add(keyIdIn(headers));
      used.delete(held);
      await sleep(50);
    }
    sts.lifeMs = undefined;

    expect(statuses).toEqual(new Set([200]));
    expect([...used].filter((id) => !sts.given.includes(id ?? ''))).toEqual([]);
  });
});

describe('a request that cannot be signed', () => {
  it('is refused when its URL is presigned', async () => {
    const reply = await to('seen', {
      path: '/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=mine&X-Amz-Signature=00',
    });

    expect(reply.status).toBe(403);
    expect(reply.headers['x-attache-error']).toBe('request_not_allowed');
    expect(received()).toEqual([]);
  });

  it.each([
    ['with content-length', 'x'.repeat(1_001)],
    ['in chunks', ['x'.repeat(600), 'x'.repeat(600)]],
    ['far larger', 'x'.repeat(3_000_000)],
  ])('is refused at once when its body is over the limit of its route, %s', async (_, body) => {
    const reply = await to('small', { body });

    expect(reply.status).toBe(413);
    expect(reply.ms).toBeLessThan(4_000);
    expect(received()).toEqual([]);
  });

  it('passes with a body that just fits', async () => {
    expect((await to('small', { body: 'x'.repeat(1_000) })).status).toBe(200);
  });

  it.each([8_388_607, 8_388_608])('passes with a body of %i bytes, where its route takes 8 MiB', async (bytes) => {
    expect((await to('wide', { body: 'x'.repeat(bytes) })).status).toBe(200);
  });

  it('is refused with a byte more than that', async () => {
    expect((await to('wide', { body: 'x'.repeat(8_388_609) })).status).toBe(413);
  });

  it('is refused when the filter does not hand bodies over', async () => {
    const reply = await to('silent', { body: 'hello' });

    expect(reply.status).toBe(500);
    expect(reply.headers['x-attache-error']).toBe('no_body');
    expect(received()).toEqual([]);
  });

  it.each([
    ['a body and trailers', 'hello'],
    ['trailers alone', undefined],
  ])('is refused when it has %s', async (_, body) => {
    const client = connect(`http://127.0.0.1:${stack.port}`);
    try {
      expect(await sendWithTrailers(client, 'seen.int', body)).toBe(503);
      expect(received()).toEqual([]);
    } finally {
      client.destroy();
    }
  });
});

describe('an Envoy that does not hand bodies over although it says so', () => {
  const modes = {
    response_header_mode: 'SKIP',
    request_body_mode: 'BUFFERED',
    response_body_mode: 'NONE',
    response_trailer_mode: 'SKIP',
  };
  const filters = {
    'not-allowed': { ...WITHOUT_BODIES, allow_mode_override: false },
    'other-modes': { allowed_override_modes: [modes] },
    early: { send_body_without_waiting_for_header_response: true },
  };
  const attributes = [INTEGRATION_ATTRIBUTE, ATTEMPT_ATTRIBUTE, BODIES_ATTRIBUTE];

  it('sends nothing that a destination would take, nor what the caller had', async () => {
    const routes = Object.keys(filters).map((name) => ({
      name,
      host: `${name}.example`,
      cluster: name,
      sigv4: { service: 'execute-api' },
    }));
    // Attaché does not take such an envoy.yaml, so its integrations stand in a list.
    const list = join(privateFolder(), 'integrations.yaml');
    await writeFile(
      list,
      JSON.stringify({
        integrations: routes.map(({ name, host, sigv4 }) => ({
          integration: name,
          host,
          secret: 'prod/aws',
          aws_sigv4: { region: aws.region, ...sigv4 },
        })),
      }),
    );
    await using other = await startSigningStack(aws, routes, {
      attache: { config: list },
      clusters: Object.entries(filters).map(([name, filter]) => ({
        name,
        filter: { ...filter, request_attributes: attributes },
      })),
    });

    for (const { name, host } of routes) {
      other.upstream.accept(host, aws.user.accessKeyId, 'mine');
      other.upstream.requests.entries.length = 0;
      const reply = await send(other.port, {
        host: `${name}.int`,
        body: 'hello',
        headers: { authorization: 'AWS4-HMAC-SHA256 Credential=mine/1', cookie: 'mine', 'x-api-key': 'mine' },
      });

      expect(reply.status).toBe(401);
      const headers = other.upstream.requests.entries.map((one) => one.headers);
      expect(new Set(headers.map(({ authorization }) => authorization))).toEqual(new Set(['attache-awaits-the-body']));
      expect(JSON.stringify(headers)).not.toContain('mine');
    }
  });
});

/** The status of an HTTP/2 request that ends with trailers. */
function sendWithTrailers(client: ClientHttp2Session, authority: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = client.request(
      { ':method': 'POST', ':path': '/', ':authority': authority },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': '1' }));
    stream.on('response', (headers) => {
      resolve(Number(headers[':status']));
      stream.resume();
    });
    stream.on('error', reject);
    stream.end(body);
  });
}
