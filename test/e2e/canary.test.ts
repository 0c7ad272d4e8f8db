import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { until } from '../../local/until.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server/authorization-server.ts';
import { type GoogleTokenEndpoint, startGoogleTokenEndpoint } from '../support/google-token-endpoint.ts';
import { outputsOf } from './support/outputs.ts';
import { addRoutes, allowHeaders, express } from './support/routes.ts';
import { type Reply, send } from './support/send.ts';

/** Values that stand in secrets, each in a form of its own; none may be seen anywhere. */
const canaries = {
  plain: 'canary-plain-7f3a',
  json: 'canary-json-91bc',
  broken: 'canary-broken-40de',
  line: 'canary-line-c2d8',
  name: 'canary-field-6e15',
  aws: 'canary-aws-2b7e',
  session: 'canary-session-88f1',
};

/** The routes, by name: each kind of credential, and secrets that cannot be used. */
const names = [
  ...['plain', 'basic', 'bearer', 'query', 'path', 'aws', 'oauth', 'google', 'express'],
  ...['broken', 'line', 'field'],
] as const;

/** A canary as it stands in a header, in a log or in an escaped text. */
function forms(canary: string): string[] {
  const base64 = [canary, `${canary}:`, `:${canary}`, `user:${canary}`].map((text) =>
    Buffer.from(text).toString('base64'),
  );
  const hex = Buffer.from(canary).toString('hex');
  return [canary, ...base64.map((text) => text.replace(/=+$/, '')), hex];
}

describe('a secret, while everything is logged that can be', () => {
  let stack: Stack;
  let authorization: AuthorizationServer;
  let google: GoogleTokenEndpoint;
  /** What no list can name before it is made: tokens, a client's secret, a private key. */
  const made: string[] = [];
  const replies: Reply[] = [];

  beforeAll(async () => {
    authorization = await startAuthorizationServer();
    google = await startGoogleTokenEndpoint();
    stack = await startStack({
      attache: { env: { ATTACHE_LOG: 'trace' } },
      upstream: { hosts: { 'api.example.com': () => 'any' } },
      edit: (document) => {
        const host = 'api.example.com';
        allowHeaders(document, ':path', 'x-amz-.*');
        addRoutes(
          document,
          {
            name: 'plain',
            host,
            attache: { integration: 'plain', secret: 'canary/plain', headers: { 'x-api-key': '{{ . }}' } },
          },
          {
            name: 'basic',
            host,
            attache: {
              integration: 'basic',
              secret: 'canary/json',
              basic: { username: 'user', password: '{{ key }}' },
            },
          },
          {
            name: 'query',
            host,
            attache: { integration: 'query', secret: 'canary/json', query: { key: '{{ key }}' } },
          },
          { name: 'path', host, attache: { integration: 'path', secret: 'canary/json', path: '/bot{{ key }}' } },
          {
            name: 'aws',
            host,
            attache: {
              integration: 'aws',
              secret: 'canary/aws',
              aws_sigv4: { service: 's3', region: 'us-east-1', payload: 'unsigned' },
            },
          },
          {
            name: 'oauth',
            host,
            attache: {
              integration: 'oauth',
              secret: 'canary/oauth',
              oauth2: { grant: 'client_credentials', token_url: authorization.tokenUrl },
            },
          },
          {
            name: 'google',
            host,
            attache: { integration: 'google', secret: 'canary/google', google_service_account: { scopes: ['a'] } },
          },
          { name: 'bearer', host, attache: { integration: 'bearer', secret: 'canary/json', bearer: '{{ key }}' } },
          express({
            name: 'express',
            host,
            attache: { integration: 'express', secret: 'canary/plain', headers: { 'x-api-key': '{{ . }}' } },
          }),
          { name: 'broken', host, attache: { integration: 'broken', secret: 'canary/broken', bearer: '{{ key }}' } },
          { name: 'line', host, attache: { integration: 'line', secret: 'canary/line', bearer: '{{ . }}' } },
          { name: 'field', host, attache: { integration: 'field', secret: 'canary/json', bearer: '{{ missing }}' } },
        );
      },
    });
    stack.upstream.accept('api.example.com', 'any');
    await stack.aws.put('canary/plain', canaries.plain);
    await stack.aws.put('canary/json', JSON.stringify({ key: canaries.json, [canaries.name]: canaries.name }));
    await stack.aws.put('canary/broken', `{"key":"${canaries.broken}"`);
    await stack.aws.put('canary/line', `first\n${canaries.line}`);
    await stack.aws.put(
      'canary/aws',
      JSON.stringify({
        access_key_id: 'AKIDEXAMPLE',
        secret_access_key: canaries.aws,
        session_token: canaries.session,
      }),
    );
    const { id, secret } = authorization.clients.basic;
    await stack.aws.put('canary/oauth', JSON.stringify({ client_id: id, client_secret: secret }));
    const key = await google.createKey();
    await stack.aws.put('canary/google', JSON.stringify(key));
    made.push(secret, ...key.private_key.split('\n').filter((line) => line.length > 40));
    await stack.attache.stop();
    await stack.startAttache();
    // First that there is nothing to be sent, then what there is.
    const pushes = 'sds.express.update_success';
    await until(async () => ((await stack.envoy.stats(/^sds\.express\./))[pushes] ?? 0) > 1, {
      failure: 'a push to Envoy',
      timeoutMs: 60_000,
    });
    for (const name of names) {
      // The local upstream would repeat the path, and with it the key that stands there.
      stack.upstream.answerWith(() => ({ status: 200, body: 'ok' }));
      replies.push(await send(stack.port, { host: `${name}.int`, path: '/v1/x?y=1', body: 'text' }));
      // A refused key makes Attaché check the secret again: another way through the code.
      stack.upstream.answerWith(() => ({ status: 401 }));
      replies.push(await send(stack.port, { host: `${name}.int` }));
      stack.upstream.answerWith(undefined);
    }
  });
  afterAll(async () => {
    await stack?.stop();
    await authorization?.[Symbol.asyncDispose]();
    await google?.[Symbol.asyncDispose]();
  });

  it('reaches the destination', () => {
    const arrived = JSON.stringify(stack.upstream.requests.entries.map(({ headers }) => headers));

    expect(arrived).toContain(canaries.plain);
    expect(arrived).toContain(canaries.json);
    expect(arrived).toContain(Buffer.from(`user:${canaries.json}`).toString('base64'));
    expect(arrived).toContain(canaries.session);
    expect(stack.upstream.requests.entries.map(({ path }) => path)).toEqual(
      expect.arrayContaining([`/v1/x?y=1&key=${canaries.json}`, `/bot${canaries.json}/v1/x?y=1`]),
    );
    expect(tokens()).toHaveLength(4);
  });

  /** The tokens that were got: each of two kinds, once for a first attempt and once because that was refused. */
  const tokens = () => {
    const sent = stack.upstream.requests.entries.map(
      ({ headers }) => /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1],
    );
    return [...new Set(sent)].filter((token) => token !== undefined && token !== canaries.json) as string[];
  };

  it('is seen nowhere else', async () => {
    await expect.poll(() => stack.envoy.accessLog.entries.length).toBe(replies.length);
    const outputs = await outputsOf(stack, replies, 'canary/plain');

    const seen = Object.entries(outputs).flatMap(([where, text]) =>
      [...Object.values(canaries), ...made, ...tokens()]
        .flatMap(forms)
        .filter((form) => text.includes(form))
        .map((form) => `${form} in ${where}`),
    );

    expect(seen).toEqual([]);
    // The places were really looked at.
    expect(outputs["Attaché's log"]).toContain('canary/plain');
    expect(outputs['the access log']).toContain('canary/plain');
    expect(outputs['the access log']).toContain('"lane":"express"');
    expect(outputs["Attaché's /metrics"]).toContain('canary/plain');
    expect(outputs["Envoy's /config_dump?include_eds"]).toContain('canary/plain');
    expect(replies.map(({ status }) => status)).toEqual([...Array(9).fill([200, 401]).flat(), ...Array(6).fill(502)]);
  });
});
