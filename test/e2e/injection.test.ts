import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiName, apis } from '../../local/apis.ts';
import { freePort } from '../../local/ports.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes } from './support/routes.ts';
import { send } from './support/send.ts';

const keyIn = (headers: Record<string, unknown>) => headers['x-api-key'] as string | undefined;

/** The one request that arrived. */
function onlyRequest(stack: Stack) {
  const [received, ...more] = stack.upstream.requests.entries;
  if (received === undefined || more.length > 0)
    throw new Error(`${more.length + (received ? 1 : 0)} requests arrived`);
  return received;
}

describe('a request without a key, through Envoy', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      upstream: {
        hosts: { 'api.team.example': keyIn, 'not-in-the-certificate.example': keyIn },
        names: [...Object.values(apis).map(({ host }) => host), 'api.team.example'],
      },
      edit: (document) => {
        addRoutes(
          document,
          {
            name: 'team',
            host: 'api.team.example',
            attache: {
              integration: 'team',
              secret: 'prod/stripe',
              headers: { 'x-api-key': 'v1 {{ /api_key }}', authorization: 'Key {{ api_key }}' },
            },
          },
          {
            name: 'keeping',
            host: 'api.openai.com',
            attache: { integration: 'keeping', secret: 'prod/openai', bearer: '{{ api_key }}', keep: ['cookie'] },
          },
          {
            name: 'wrong-san',
            host: 'not-in-the-certificate.example',
            attache: { integration: 'wrong-san', secret: 'prod/stripe', bearer: '{{ api_key }}' },
          },
        );
      },
    });
    stack.upstream.accept('api.team.example', `v1 ${stack.keys.stripe}`);
  });
  afterAll(() => stack?.stop());
  beforeEach(() => {
    stack.upstream.requests.entries.length = 0;
    stack.envoy.accessLog.entries.length = 0;
  });

  it.each<ApiName>(['stripe', 'openai', 'anthropic'])(
    'arrives at %s with the key that is in Secrets Manager',
    async (name) => {
      const { host, example, keyIn: find } = apis[name];

      const reply = await send(stack.port, { host: `${name}.int.localhost:${stack.port}`, path: example });

      expect(reply.status).toBe(200);
      const [received, ...more] = stack.upstream.requests.entries;
      expect(more).toEqual([]);
      expect(received).toMatchObject({ host, path: example });
      expect(find(received?.headers ?? {})).toBe(stack.keys[name]);
    },
  );

  it.each([
    ['content-length', 'x'.repeat(100_000)],
    ['chunks', ['{"a":', '1}']],
  ])('keeps its body, sent with %s', async (_, body) => {
    const reply = await send(stack.port, { host: 'openai.int', path: '/v1/responses?stream=1', body });

    expect(reply.status).toBe(200);
    expect(stack.upstream.requests.entries[0]).toMatchObject({ method: 'POST', path: '/v1/responses?stream=1' });
    expect(stack.upstream.requests.entries[0]?.body.toString()).toBe(typeof body === 'string' ? body : body.join(''));
  });

  it("loses every credential of the caller's own, also when one is sent twice", async () => {
    const reply = await send(stack.port, {
      host: 'stripe.int',
      path: '/v1/customers',
      headers: {
        Authorization: ['Bearer mine', 'Bearer mine-too'],
        'Proxy-Authorization': 'Basic bWluZQ==',
        Cookie: 'session=mine',
        'X-Api-Key': ['mine', 'mine-too'],
        Accept: 'application/json',
      },
    });

    expect(reply.status).toBe(200);
    const headers = onlyRequest(stack).headers;
    expect(JSON.stringify(headers)).not.toContain('mine');
    expect(headers).not.toHaveProperty('proxy-authorization');
    expect(headers).not.toHaveProperty('cookie');
    expect(headers).not.toHaveProperty('x-api-key');
    expect(headers.accept).toBe('application/json');
  });

  it("keeps of the caller's own what the integration says, and nothing more", async () => {
    const headers = { Cookie: 'session=mine', 'X-Api-Key': 'mine', Authorization: 'Bearer mine' };

    const reply = await send(stack.port, { host: 'keeping.int', headers });

    expect(reply.status).toBe(200);
    expect(onlyRequest(stack).headers).toMatchObject({
      cookie: 'session=mine',
      authorization: `Bearer ${stack.keys.openai}`,
    });
    expect(onlyRequest(stack).headers).not.toHaveProperty('x-api-key');
  });

  it("replaces the caller's own header where the integration writes several", async () => {
    await send(stack.port, {
      host: 'team.int',
      headers: { 'x-api-key': ['mine', 'mine-too'], authorization: 'Bearer mine' },
    });

    const headers = onlyRequest(stack).headers;
    expect(headers['x-api-key']).toBe(`v1 ${stack.keys.stripe}`);
    expect(headers.authorization).toBe(`Key ${stack.keys.stripe}`);
  });

  it('tells the destination nothing about the proxy or the caller', async () => {
    await send(stack.port, { host: 'stripe.int', headers: { 'X-Forwarded-For': '10.0.0.1' } });

    const names = Object.keys(onlyRequest(stack).headers);
    expect(names.filter((name) => /^x-envoy|^x-forwarded|^x-request-id|^x-attache|^via$/.test(name))).toEqual([]);
  });

  it('is not sent when the destination cannot prove its name', async () => {
    const reply = await send(stack.port, { host: 'wrong-san.int' });

    expect(reply.status).toBe(503);
    expect(stack.upstream.requests.entries).toEqual([]);
  });

  it('is tried again with the new key when the destination has just refused the old one', async () => {
    await send(stack.port, { host: 'openai.int' });
    stack.upstream.requests.entries.length = 0;

    const key = await stack.rotate('openai');
    const reply = await send(stack.port, { host: 'openai.int', path: '/v1/responses', body: '{}' });

    expect(reply.status).toBe(200);
    const attempts = stack.upstream.requests.entries;
    expect(attempts.map(({ status }) => status)).toEqual([401, 200]);
    expect(attempts.map(({ body }) => body.toString())).toEqual(['{}', '{}']);
    expect(apis.openai.keyIn(attempts[1]?.headers ?? {})).toBe(key);
  });

  it("leaves a line in Envoy's access log that says what was used, and no secret", async () => {
    await send(stack.port, { host: 'stripe.int', path: '/v1/customers?token=private' });

    const line = await stack.envoy.accessLog.find(({ path }) => path === '/v1/customers');
    expect(line).toMatchObject({
      method: 'GET',
      host: 'api.stripe.com',
      status: 200,
      attempts: 1,
      attache: { integration: 'stripe', secret: 'prod/stripe', version: expect.stringMatching(/^.{8}$/) },
    });
    expect(JSON.stringify(line)).not.toMatch(/private|sk_test/);
  });
});

describe('the cluster that finds every destination by its name, as envoy.yaml has it', () => {
  it('sends a request with its key to the host that the route names', async () => {
    const port = await freePort();
    await using stack = await startStack({
      destinations: 'dns',
      upstream: { hosts: { localhost: keyIn } },
      edit: (document) => {
        addRoutes(document, {
          name: 'local',
          host: `localhost:${port}`,
          attache: { integration: 'local', secret: 'prod/stripe', headers: { 'x-api-key': '{{ api_key }}' } },
        });
      },
      ports: { upstream: port },
    });
    stack.upstream.accept('localhost', stack.keys.stripe);

    const reply = await send(stack.port, { host: 'local.int' });

    expect(reply.status).toBe(200);
  });
});
