import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { startAuthorizationServer } from '../support/authorization-server/authorization-server.ts';
import { openLoop } from '../support/open-loop.ts';
import { ROTATION_KINDS } from '../support/rotation-kinds.ts';
import { addRoutes, express } from './support/routes.ts';
import { send } from './support/send.ts';

/** How old a secret may be, in s; and after how long it is checked again. */
const MAX_STALE = 9;
const REFRESH_AFTER = 5;

describe('an integration in the express lane', () => {
  let stack: Stack;
  let asked: () => Promise<number>;
  let authorization: Awaited<ReturnType<typeof startAuthorizationServer>>;

  beforeAll(async () => {
    authorization = await startAuthorizationServer();
    stack = await startStack({
      attache: { env: { ATTACHE_REFRESH_AFTER: `${REFRESH_AFTER}s`, ATTACHE_MAX_STALE: `${MAX_STALE}s` } },
      upstream: { hosts: { 'oauth.example': ({ authorization: value }) => value && 'any' } },
      edit: (document) =>
        addRoutes(
          document,
          express({
            name: 'fast',
            host: 'api.openai.com',
            attache: { integration: 'fast', secret: 'prod/openai', bearer: '{{ api_key }}' },
          }),
          express({
            name: 'minted',
            host: 'oauth.example',
            attache: {
              integration: 'minted',
              secret: 'prod/minted',
              oauth2: { grant: 'client_credentials', token_url: authorization.tokenUrl },
            },
          }),
          {
            name: 'late',
            host: 'api.openai.com',
            attache: { integration: 'late', secret: 'prod/openai', bearer: '{{ api_key }}' },
          },
        ),
    });
    stack.upstream.accept('oauth.example', 'any');
    const { id, secret } = authorization.clients.basic;
    await stack.aws.put('prod/minted', JSON.stringify({ client_id: id, client_secret: secret }));
    asked = async () => (await stack.envoy.stats(/internet_express\.ext_proc\.streams_started/))[STARTED] ?? 0;
  });
  afterAll(async () => {
    await stack?.stop();
    await authorization?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await expect.poll(isFast).toBe(true);
    stack.envoy.accessLog.entries.length = 0;
  });

  const request = (options: { path?: string; headers?: Record<string, string>; method?: string; host?: string } = {}) =>
    send(stack.port, { host: 'fast.int', path: '/v1/models', ...options });
  /** Whether a request went on without Attaché being asked. */
  const isFast = async () => {
    const before = await asked();
    const { status } = await request();
    return status === 200 && (await asked()) === before;
  };
  /** The line of a request by its path. */
  const lineOf = (path: string) => stack.envoy.accessLog.find((line) => line.path === path, `a request for ${path}`);
  const told = async () => (await (await stack.attache.admin('/api/status')).json()) as Told;

  it('is never asked about, and leaves the same audit record', async () => {
    const before = await asked();
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });

    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        send(stack.port, {
          host: 'fast.int',
          path: `/v1/many?after=${index}&q=%20%C3%A9%3A`,
          headers: { authorization: 'Bearer placeholder', lang: 'en' },
          agent,
          ...(index % 10 === 0 ? { body: Buffer.alloc(100_000, 'x') } : {}),
        }),
      ),
    );
    agent.destroy();

    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await asked()).toBe(before);
    const line = await lineOf('/v1/many');
    expect(line).toMatchObject({
      status: 200,
      attempts: 1,
      attache: { decision: 'injected', integration: 'fast', secret: 'prod/openai', lane: 'express' },
    });
    const versions = (await told()).secrets.map(({ version }) => version);
    expect(versions).toContain(line.attache?.version);
    expect(stack.upstream.requests.entries.at(-1)?.headers).toEqual(
      expect.not.objectContaining({ 'x-attache-pushed': expect.anything() }),
    );
  });

  it.each([
    ['a query that may hold a key', { path: '/v1/models?api_key=mine' }],
    ['one that may hold it escaped', { path: '/v1/models?%61pi_key=mine' }],
    ['a header that may be read as another one', { headers: { x_api_key: 'mine' } }],
    ['another method', { method: 'PURGE' }],
  ])('is asked about for %s', async (_, options) => {
    const before = await asked();

    const { status } = await request(options);

    expect(status).toBe(200);
    expect(await asked()).toBe(before + 1);
    expect(JSON.stringify(stack.upstream.requests.entries.at(-1))).not.toContain('mine');
  });

  it('is asked about when its key was refused, and takes the new one from then on', async () => {
    await stack.rotate('openai');

    expect((await request({ path: '/v1/rotated' })).status).toBe(200);
    const line = await lineOf('/v1/rotated');
    expect(line).toMatchObject({ attempts: 2, attache: { answers: [401], lane: 'asked' } });
    expect(new Set(line.attache?.tried as string[]).size).toBe(2);
    await expect.poll(isFast).toBe(true);
  });

  it.each(ROTATION_KINDS)('loses no request while its key is rotated: $name', async ({ rotate }) => {
    // What was learnt from another rotation, and how often AWS may be asked, is of that process.
    await stack.attache.stop();
    await stack.startAttache();
    await expect.poll(isFast).toBe(true);
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const done = new AbortController();
    const load = openLoop({ rate: 50, until: done.signal }, async (index) => {
      const body = index % 10 === 0 ? { body: Buffer.alloc(100_000, 'x') } : {};
      return (await send(stack.port, { host: 'fast.int', path: '/v1/responses', agent, ...body })).status;
    });

    await rotate(stack, await currentKey());
    done.abort();
    const { statuses, count } = await load;
    agent.destroy();

    expect(statuses).toEqual({ 200: count });
  });

  it('sends a token that was got for it, without a request having asked for it', async () => {
    await expect.poll(async () => (await request({ host: 'minted.int' })).status).toBe(200);
    await expect
      .poll(async () => {
        const before = await asked();
        const { status } = await request({ host: 'minted.int' });
        return status === 200 && (await asked()) === before;
      })
      .toBe(true);
  });

  it('is asked about as soon as its block says so, and while Envoy has not been told of a new one', async () => {
    const text = readFileSync(stack.attacheConfig, 'utf8');
    const isGone = async () => (await told()).integrations.find(({ name }) => name === 'fast')?.lane === undefined;
    writeFileSync(stack.attacheConfig, text.replace(/^ *lane: express\n/m, ''));
    await expect.poll(isGone).toBe(true);
    await expect.poll(isFast).toBe(false);
    expect((await request()).status).toBe(200);

    writeFileSync(stack.attacheConfig, text);
    await expect.poll(isFast).toBe(true);
  });

  it('goes on without Attaché until its secret may be too old, then is refused, and goes on when Attaché is back', async () => {
    const diedAt = Date.now();
    stack.attache.signal('SIGKILL');
    await stack.attache.exited;
    try {
      expect((await request()).status).toBe(200);
      await expect.poll(async () => (await request()).status, { interval: 200 }).toBe(503);

      const refused = await stack.envoy.accessLog.find(({ status }) => status === 503, 'a refusal');
      const last = stack.envoy.accessLog.entries.filter(({ status }) => status === 200).at(-1);
      expect(Date.parse(last?.time ?? '')).toBeLessThan(diedAt + MAX_STALE * 1_000);
      expect(refused.why).toMatch(/^ext_proc_error/);
    } finally {
      await stack.startAttache();
    }
    await expect.poll(isFast).toBe(true);
  });

  async function currentKey(): Promise<string> {
    await request();
    return /^Bearer (.*)$/.exec(stack.upstream.requests.entries.at(-1)?.headers.authorization ?? '')?.[1] ?? '';
  }
});

const STARTED = 'cluster.internet_express.ext_proc.streams_started';

interface Told {
  readonly secrets: readonly { secret: string; version?: string; checkedSecondsAgo?: number }[];
  readonly integrations: readonly { name: string; lane?: string }[];
}
