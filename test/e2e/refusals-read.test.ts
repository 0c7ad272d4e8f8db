import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { status as grpcStatus, type StatusObject } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../../local/process.ts';
import { pythonPackage } from '../../local/python-package.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { callEcho } from './support/grpc-echo.ts';
import { addRoutes, allowHeaders } from './support/routes.ts';

/** The sentence that everybody must see. */
const SENTENCE = 'secret prod/missing: there is no such secret';
const SERVICES = ['sqs', 'dynamodb', 'sts', 'ec2', 'monitoring', 'lambda', 'route53', 's3', 'secretsmanager'];

/** How clients of the SDK for JavaScript are made. */
const OPTIONS = {
  region: 'eu-west-1',
  credentials: { accessKeyId: 'made-up', secretAccessKey: 'made-up' },
  maxAttempts: 1,
} as const;

/** Libraries of Python, from PyPI. */
const PYTHON = [
  ['boto3', '1.44.8'],
  ['openai', '3.57.0'],
  ['anthropic', '2.14.0'],
] as const;

describe('what a refused client reads', () => {
  let stack: Stack;
  /** The Python that has each library. */
  const libraries = new Map<string, string>();

  beforeAll(async () => {
    await Promise.all(
      PYTHON.map(async ([name, version]) => {
        const proof = join(name, '__init__.py');
        libraries.set(name, (await pythonPackage({ name, version, label: name, proof })).python);
      }),
    );
    stack = await startStack({
      // Of what `attache check` asks for, nothing holds the bodies back that are signed here: no request of this file has one.
      routes: 'envoy',
      upstream: {
        hosts: Object.fromEntries(SERVICES.map((service) => [`${service}.eu-west-1.amazonaws.com`, () => ''])),
      },
      edit: (document) => {
        allowHeaders(
          document,
          'x-amz-date',
          'x-amz-content-sha256',
          'x-amz-security-token',
          'x-amz-s3session-token',
          'x-amz-region-set',
        );
        addRoutes(
          document,
          {
            name: 'refused',
            host: 'api.openai.com',
            attache: { integration: 'refused', secret: 'prod/missing', bearer: '{{ . }}' },
          },
          ...SERVICES.map((service) => ({
            name: service,
            host: `${service}.eu-west-1.amazonaws.com`,
            attache: {
              integration: service,
              secret: 'prod/missing',
              aws_sigv4: { service, region: 'eu-west-1', ...(service === 's3' ? { payload: 'unsigned' } : {}) },
            },
          })),
        );
      },
    });
  });
  afterAll(() => stack?.stop());

  /** What Python's libraries say of each call. */
  async function python(library: string): Promise<Record<string, string>> {
    const proxy = `http://127.0.0.1:${stack.port}`;
    const { stdout } = await runProgram({
      name: library,
      command: libraries.get(library) ?? '',
      args: [join(import.meta.dirname, 'support', 'refused.py'), proxy, library],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, http_proxy: proxy },
    });
    return JSON.parse(stdout.entries.join(''));
  }

  /** What a client of the SDK for JavaScript says of a call to a host behind Envoy. */
  async function javascript(host: string, call: (endpoint: string, options: typeof OPTIONS) => Promise<unknown>) {
    const proxy = createServer((incoming, outgoing) => {
      const { method, url: path, headers } = incoming;
      const onward = request({ host: '127.0.0.1', port: stack.port, method, path, headers: { ...headers, host } });
      onward.on('response', (response) => {
        outgoing.writeHead(response.statusCode ?? 0, response.headers);
        response.pipe(outgoing);
      });
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    try {
      return await call(`http://127.0.0.1:${port}`, OPTIONS).then(
        () => 'no exception',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  }

  it('is the sentence and the code, in every protocol of AWS, in boto3', async () => {
    const said = await python('boto3');

    expect(Object.keys(said)).toHaveLength(10);
    for (const text of Object.values(said)) {
      expect(text).toContain(SENTENCE);
      expect(text).toContain('(secret_unusable)');
    }
  });

  it('is the sentence, and where to look for a host without a route, in the libraries of OpenAI and Anthropic', async () => {
    const said = { ...(await python('openai')), ...(await python('anthropic')) };

    expect(said.openai).toContain(SENTENCE);
    expect(said.anthropic).toContain(SENTENCE);
    expect(said['openai-unknown-host']).toContain('http://attache.int tells what you may use');
    expect(said['anthropic-unknown-host']).toContain('http://attache.int tells what you may use');
  });

  it('is the sentence and the code in the SDK of AWS for JavaScript', async () => {
    const said = [
      await javascript('sqs.int', (endpoint, options) =>
        new SQSClient({ ...options, endpoint }).send(new ListQueuesCommand({})),
      ),
      await javascript('sts.int', (endpoint, options) =>
        new STSClient({ ...options, endpoint }).send(new GetCallerIdentityCommand({})),
      ),
      await javascript('secretsmanager.int', (endpoint, options) =>
        new SecretsManagerClient({ ...options, endpoint }).send(new GetSecretValueCommand({ SecretId: 'any' })),
      ),
    ];

    for (const text of said) {
      expect(text).toMatch(/^secret_unusable: /);
      expect(text).toContain(SENTENCE);
    }
  });

  it('is the sentence with a status of its own in gRPC, and where to look for a host without a route', async () => {
    const [refused, unknown] = await Promise.all(['refused.int', 'nobody.int'].map(grpc));

    expect(refused).toMatchObject({ code: grpcStatus.FAILED_PRECONDITION });
    expect(refused?.details).toContain(SENTENCE);
    expect(refused?.details).not.toContain('{');
    expect(refused?.metadata.get('x-attache-error')).toEqual(['secret_unusable']);
    expect(unknown).toMatchObject({ code: grpcStatus.UNIMPLEMENTED });
    expect(unknown?.details).toContain('http://attache.int tells what you may use');
    expect(unknown?.metadata.get('x-attache-error')).toEqual(['unknown_host']);
  });

  /** How a call to a host behind Envoy fails. */
  async function grpc(host: string): Promise<StatusObject> {
    using call = callEcho(stack.port, host, {});
    const [error] = await once(call.stream, 'error');
    return error as StatusObject;
  }
});
