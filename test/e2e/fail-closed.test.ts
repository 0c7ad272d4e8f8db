import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { addRoutes } from './support/routes.ts';
import { type Reply, send } from './support/send.ts';

/** What a refusal looks like from the outside. */
function expectDenial(reply: Reply, status: number, code: string, integration?: string) {
  expect(reply.status).toBe(status);
  expect(reply.headers['x-attache-error']).toBe(code);
  expect(reply.headers['content-type']).toContain('application/json');
  const { error } = reply.json<{ error: { code: string; integration?: string; message: string } }>();
  expect(error).toMatchObject({ code, ...(integration === undefined ? {} : { integration }) });
  expect(error.message.length).toBeGreaterThan(20);
}

const bearer = (integration: string, secret: string, template = '{{ . }}') => ({
  integration,
  secret,
  bearer: template,
});
const host = 'api.openai.com';
const mine = { Authorization: 'Bearer mine' };

describe('a request whose credential cannot be added', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack({
      aws: 'ministack',
      // A header that Attaché may not write is an error of attache check.
      routes: 'envoy',
      edit: (document) => {
        addRoutes(
          document,
          { name: 'no-binding', host },
          { name: 'missing', host, attache: bearer('missing', 'prod/missing') },
          { name: 'no-field', host, attache: bearer('no-field', 'prod/openai', '{{ no_such_field }}') },
          { name: 'newline', host, attache: bearer('newline', 'prod/newline') },
          {
            name: 'not-allowed',
            host,
            attache: { integration: 'not-allowed', secret: 'prod/openai', headers: { 'x-unusual': '{{ . }}' } },
          },
          { name: 'binary', host, attache: bearer('binary', 'prod/binary') },
        );
      },
    });
    await stack.aws.put('prod/newline', 'first\nsecond');
    await stack.aws.put('prod/binary', new Uint8Array([1, 2, 3]));
    await stack.attache.stop();
    await stack.startAttache();
  });
  afterAll(() => stack?.stop());
  beforeEach(() => {
    stack.upstream.requests.entries.length = 0;
  });

  it.each([
    ['its route has no binding', 'no-binding', 500, 'no_integration', undefined],
    ['its secret does not exist', 'missing', 502, 'secret_unusable', 'missing'],
    ['its secret lacks the field', 'no-field', 502, 'secret_unusable', 'no-field'],
    ['its secret holds a line break', 'newline', 502, 'secret_unusable', 'newline'],
    ['mutation_rules do not allow its header', 'not-allowed', 503, 'attache_unavailable', undefined],
    ['its secret is binary', 'binary', 502, 'secret_unusable', 'binary'],
  ])('is refused when %s', async (_, name, status, code, integration) => {
    const reply = await send(stack.port, { host: `${name}.int`, path: '/v1/x', headers: mine });

    expectDenial(reply, status, code, integration);
    expect(stack.upstream.requests.entries).toEqual([]);
    expect(reply.text).not.toMatch(/first|second|mine/);
  });

  it('is refused at once, and says so in the audit record', async () => {
    stack.envoy.accessLog.entries.length = 0;

    await send(stack.port, { host: 'missing.int', path: '/v1/audited' });

    const line = await stack.envoy.accessLog.find(({ path }) => path === '/v1/audited');
    expect(line).toMatchObject({
      status: 502,
      why: 'attache_secret_unusable',
      attache: { integration: 'missing', code: 'secret_unusable', reason: 'secret_not_found' },
    });
  });
});

describe('a request that Attaché does not know the integration of', () => {
  it('is refused when the name is unknown, or another host is behind it', async () => {
    await using stack = await startStack({
      upstream: { hosts: { 'no-rewrite.int': () => 'any' } },
      // Attaché reads another file than Envoy runs: the two have parted.
      edit: (document) => {
        addRoutes(document, { name: 'new', host, attache: bearer('new', 'prod/openai') });
        addRoutes(document, { name: 'moved', host: 'api.anthropic.com', attache: bearer('moved', 'prod/openai') });
        addRoutes(document, { name: 'no-rewrite', attache: { integration: 'openai' } });
      },
      attache: { config: 'test/e2e/support/other-integrations.yaml' },
    });

    const unknown = await send(stack.port, { host: 'new.int', headers: mine });
    const moved = await send(stack.port, { host: 'moved.int', headers: mine });
    const noRewrite = await send(stack.port, { host: 'no-rewrite.int', headers: mine });

    expectDenial(unknown, 500, 'unknown_integration', 'new');
    expectDenial(moved, 403, 'host_mismatch', 'moved');
    expectDenial(noRewrite, 403, 'host_mismatch', 'openai');
    expect(stack.upstream.requests.entries).toEqual([]);
  });
});

describe('a request while AWS is down', () => {
  it('is refused, whether Attaché has just started or not, and sent once AWS is back', async () => {
    await using stack = await startStack({ aws: 'down' });

    const replies = await Promise.all(
      ['stripe.int', 'openai.int'].map((name) => send(stack.port, { host: name, headers: mine })),
    );

    for (const reply of replies) {
      expectDenial(reply, 503, 'secret_unavailable');
      expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    }
    expect(stack.upstream.requests.entries).toEqual([]);
  });
});

describe('a request while Attaché is not there', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack?.stop());

  it.each([
    ['is killed', 'SIGKILL', 'SIGKILL'],
    ['hangs', 'SIGSTOP', 'SIGKILL'],
    ['has ended in an orderly way', 'SIGTERM', 'SIGKILL'],
  ] as const)('is refused when Attaché %s, and sent when it is back', async (_, signal, after) => {
    expect((await send(stack.port, { host: 'stripe.int' })).status).toBe(200);
    stack.upstream.requests.entries.length = 0;
    stack.attache.signal(signal);
    if (signal !== 'SIGSTOP') await stack.attache.exited;

    const replies = [];
    for (let count = 0; count < 5; count += 1) {
      replies.push(await send(stack.port, { host: 'stripe.int', headers: mine }));
    }

    for (const reply of replies) {
      expectDenial(reply, 503, 'attache_unavailable');
      expect(reply.headers['retry-after']).toBe('1');
    }
    expect(stack.upstream.requests.entries).toEqual([]);

    stack.attache.signal(after);
    await stack.attache.exited;
    await stack.startAttache();
    await expect.poll(async () => (await send(stack.port, { host: 'stripe.int' })).status).toBe(200);
  });
});
