import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server/authorization-server.ts';
import type { ClientName } from '../support/authorization-server/clients.ts';
import { type SteadyRequests, steadyRequests } from '../support/steady-requests.ts';
import { internalError, type TokenFault, tooManyRequests, unavailable } from '../support/token-endpoint/fault.ts';
import type { TokenRequest } from '../support/token-endpoint/token-request.ts';
import { leaks, outputsOf } from './support/outputs.ts';
import { addRoutes } from './support/routes.ts';
import { type Reply, send } from './support/send.ts';
import { arrivedTokens, REFUSAL, TOKEN_HOST, takeTokens } from './support/token-upstream.ts';

/** An integration for each test, with a secret and a resource of its own, so that none meets another's tokens. */
const NAMES = {
  basic: 'basic',
  body: 'post',
  rs256: 'rs256',
  es256: 'es256',
  refresh: 'basic',
  burst: 'basic',
  steady: 'basic',
  revoked: 'post',
  unwanted: 'post',
  hang: 'basic',
  cut: 'basic',
  broken: 'basic',
  page: 'basic',
  busy: 'basic',
  wrong: 'basic',
  empty: 'basic',
  untyped: 'basic',
  bound: 'basic',
  html: 'basic',
  line: 'basic',
  'seen-basic': 'basic',
  'seen-body': 'post',
  'seen-rs256': 'rs256',
  'seen-es256': 'es256',
  'seen-refresh': 'basic',
  'seen-wrong': 'basic',
  'seen-line': 'basic',
} as const satisfies Record<string, ClientName>;
type Name = keyof typeof NAMES;
const names = Object.keys(NAMES) as Name[];

const resource = (name: string) => `https://${name}.example.test/`;
const secretOf = (name: string) => `oauth/${name}`;

let as: AuthorizationServer;
/** Another one, whose clients get new secrets. */
let rotating: AuthorizationServer;
let stack: Stack;
const replies: Reply[] = [];

/** What the secret of a client holds. */
function stored(server: AuthorizationServer, name: ClientName): Record<string, string> {
  const client = server.clients[name];
  return {
    client_id: client.id,
    ...('secret' in client
      ? { client_secret: client.secret }
      : { private_key: client.privateKey, key_id: client.keyId }),
  };
}

function attacheBlock(name: Name) {
  const auth = { basic: 'basic', post: 'body', rs256: 'private_key_jwt', es256: 'private_key_jwt' }[NAMES[name]];
  return {
    integration: name,
    secret: secretOf(name),
    oauth2: {
      grant: name.endsWith('refresh') ? 'refresh_token' : 'client_credentials',
      token_url: as.tokenUrl,
      auth,
      [name === 'body' ? 'audience' : 'resource']: resource(name),
      ...(name === 'basic' ? { scopes: ['write', 'read'] } : {}),
    },
  };
}

/** The token requests of an integration. */
const asked = (name: string) => as.requests.entries.filter((request) => isOf(name, request));
const isOf = (name: string, { resources, audience }: TokenRequest) =>
  audience === resource(name) || resources.includes(resource(name));

async function get(name: string, path = '/'): Promise<Reply> {
  const reply = await send(stack.port, { host: `${name}.int`, path });
  replies.push(reply);
  return reply;
}

beforeAll(async () => {
  const resources = Object.fromEntries(names.map((name) => [resource(name), {}]));
  as = await startAuthorizationServer({ resources });
  rotating = await startAuthorizationServer({ lifeSeconds: 3 });
  // A server counts in whole seconds, so a token of 3 lives for more than 2.
  rotating.disturb({ alter: shortened });
  stack = await startStack({
    attache: false,
    upstream: { hosts: { [TOKEN_HOST]: () => undefined } },
    edit: (document) => {
      addRoutes(document, ...names.map((name) => ({ name, host: TOKEN_HOST, attache: attacheBlock(name) })));
      for (const [name, auth] of [
        ['single', 'basic'],
        ['pending', 'body'],
      ] as const) {
        const oauth2 = { grant: 'client_credentials', token_url: rotating.tokenUrl, auth };
        addRoutes(document, { name, host: TOKEN_HOST, attache: { integration: name, secret: secretOf(name), oauth2 } });
      }
    },
  });
  takeTokens(
    stack,
    async (token) => ((await as.activeToken(token)) ?? (await rotating.activeToken(token))) !== undefined,
  );
  for (const name of names) {
    const value = stored(as, NAMES[name]);
    if (name.endsWith('refresh'))
      value.refresh_token = await as.issueRefreshToken('basic', { resource: resource(name) });
    if (name.endsWith('wrong')) value.client_secret = 'wrong-client-secret';
    await stack.aws.put(secretOf(name), JSON.stringify(value));
  }
  await stack.aws.put(secretOf('single'), JSON.stringify(stored(rotating, 'basic')));
  await stack.aws.put(secretOf('pending'), JSON.stringify(stored(rotating, 'post')));
  await stack.startAttache({ ATTACHE_LOG: 'trace', ATTACHE_REFRESH_AFTER: '5s', ATTACHE_FETCH_DEADLINE: '8s' });
});
afterEach(() => {
  as.disturb(undefined);
  as.lifeSeconds = 600;
});
afterAll(async () => {
  await stack?.stop();
  await as?.[Symbol.asyncDispose]();
  await rotating?.[Symbol.asyncDispose]();
});

describe('an OAuth client', () => {
  it.each([
    ['basic', { authentication: 'client_secret_basic', scope: 'write read' }],
    ['body', { authentication: 'client_secret_post', audience: resource('body') }],
    ['rs256', { authentication: 'private_key_jwt', algorithm: 'RS256' }],
    ['es256', { authentication: 'private_key_jwt', algorithm: 'ES256' }],
  ] as const)('is known by what its route says: %s', async (name, request) => {
    expect((await get(name)).status).toBe(200);
    expect((await get(name)).status).toBe(200);

    expect(asked(name)).toMatchObject([
      { grantType: 'client_credentials', clientId: as.clients[NAMES[name]].id, ...request },
    ]);
    const token = stack.upstream.requests.entries.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? '';
    expect(await as.activeToken(token)).toMatchObject({
      clientId: as.clients[NAMES[name]].id,
      audience: resource(name),
      ...(name === 'basic' ? { scopes: ['write', 'read'] } : {}),
    });
  });

  it('uses a refresh token that stays as it is', async () => {
    expect((await get('refresh')).status).toBe(200);
    expect((await get('refresh')).status).toBe(200);

    expect(asked('refresh')).toMatchObject([
      { grantType: 'refresh_token', authentication: 'client_secret_basic', refreshToken: expect.any(String) },
    ]);
  });

  it('gets one token for 500 requests at once', async () => {
    const agent = new Agent({ keepAlive: true });
    const all = await Promise.all(Array.from({ length: 500 }, () => send(stack.port, { host: 'burst.int', agent })));
    agent.destroy();

    expect(all.filter(({ status }) => status !== 200)).toEqual([]);
    expect(asked('burst')).toHaveLength(1);
  });

  it('fails no request when tokens expire under load, and sends none that has expired', async () => {
    as.lifeSeconds = 3;
    as.disturb({ alter: shortened });
    const before = stack.upstream.requests.entries.length;
    await using steady = steadyRequests(stack.port, 'steady.int', 50);
    await sleep(8_000);
    await steady.stop();

    expect(steady.seen.entries.length).toBeGreaterThan(300);
    expect(failures(steady)).toEqual({});
    const refused = stack.upstream.requests.entries.slice(before).filter(({ status }) => status !== 200);
    expect(refused).toEqual([]);
    expect(asked('steady').length).toBeGreaterThanOrEqual(4);
    expect(asked('steady').length).toBeLessThanOrEqual(8);
  });

  it('gets a new token once when one is revoked early, and fails no request', async () => {
    await using steady = steadyRequests(stack.port, 'revoked.int', 200);
    await sleep(1_000);
    as.disturb({ delayMs: 300 });
    as.revokeAll();
    await sleep(1_500);
    await steady.stop();

    expect(steady.seen.entries.length).toBeGreaterThan(400);
    expect(failures(steady)).toEqual({});
    expect(asked('revoked')).toHaveLength(2);
  });

  it("passes the destination's own 401 on when no token is taken, and asks for few", async () => {
    const began = performance.now();
    const attempts: number[] = [];
    for (let count = 0; count < 300; count += 1) {
      const before = stack.upstream.requests.entries.length;
      const reply = await get('unwanted', '/never');
      expect([reply.status, reply.json()]).toEqual([401, REFUSAL]);
      expect(reply.headers).not.toHaveProperty('x-attache-error');
      attempts.push(stack.upstream.requests.entries.length - before);
    }
    const seconds = (performance.now() - began) / 1_000;

    // Two in a burst and two a second while the refusals are new.
    expect(asked('unwanted').length).toBeLessThanOrEqual(1 + 2 + Math.ceil(2 * seconds));
    expect(attempts[0]).toBe(2);
    expect(attempts.filter((count) => count === 1).length).toBeGreaterThan(200);
  });
});

describe('a token endpoint that is down', () => {
  const faults: Partial<Record<Name, TokenFault>> = {
    hang: 'hang',
    cut: 'cut',
    broken: internalError,
    page: unavailable,
    busy: tooManyRequests(3),
  };
  const reasons = {
    hang: 'endpoint_timeout',
    cut: 'endpoint_unreachable',
    broken: 'endpoint_failed',
    page: 'endpoint_failed',
    busy: 'endpoint_throttled',
  };
  const down = Object.keys(reasons) as (keyof typeof reasons)[];

  it('is not missed until the token expires; then requests are refused with the reason until it is back', async () => {
    as.lifeSeconds = 4;
    as.disturb({ alter: shortened });
    for (const name of down) expect((await get(name)).status).toBe(200);
    const got = Date.now();
    as.disturb((request) => {
      const name = down.find((it) => isOf(it, request));
      return name === undefined ? undefined : faults[name];
    });
    const loads = down.map((name) => steadyRequests(stack.port, `${name}.int`, 20));
    await sleep(5_000);

    const refusals = await Promise.all(down.map((name) => get(name)));
    as.disturb(undefined);
    as.lifeSeconds = 600;
    await Promise.all(
      down.map((name) => expect.poll(async () => (await get(name)).status, { interval: 50 }).toBe(200)),
    );
    await Promise.all(loads.map((load) => load.stop()));

    for (const [index, name] of down.entries()) {
      const seen = loads[index]?.seen.entries ?? [];
      expect(seen.filter(({ sentAt, status }) => sentAt < got + 1_500 && status !== 200)).toEqual([]);
      const failed = seen.filter(({ status }) => status !== 200);
      expect(failed.length).toBeGreaterThan(0);
      expect(new Set(failed.map(({ status, code }) => `${status} ${code}`))).toEqual(
        new Set(['503 token_unavailable']),
      );
      // Who is asked to come later tells callers the same, and is not asked before.
      const longest = Math.max(...failed.map(({ retryAfter }) => Number(retryAfter)));
      expect(name === 'busy' ? [3, 4] : [1]).toContain(longest);
      expect(refusals[index]?.json()).toMatchObject({
        error: {
          code: 'token_unavailable',
          integration: name,
          message: expect.stringContaining(new URL(as.tokenUrl).host),
        },
      });
    }
    for (const name of down)
      await stack.envoy.accessLog.find(
        ({ attache }) => isDenial(attache, name, reasons[name]),
        `${reasons[name]} of ${name}`,
      );
  });
});

describe('a client secret that is rotated', () => {
  it('fails no request, though the provider refuses the old one at once', async () => {
    await using steady = steadyRequests(stack.port, 'single.int', 50);
    await sleep(1_000);
    const before = rotating.granted;
    await rotating.rotate('basic');
    await sleep(200);
    await stack.aws.put(secretOf('single'), JSON.stringify(stored(rotating, 'basic')));
    await sleep(7_000);
    await steady.stop();

    expect(failures(steady)).toEqual({});
    expect(rotating.granted).toBeGreaterThan(before);
  });

  it('fails no request while AWSPENDING alone holds the new one', async () => {
    await using steady = steadyRequests(stack.port, 'pending.int', 50);
    await sleep(1_000);
    const { VersionId: old } = await stack.aws.client.send(
      new GetSecretValueCommand({ SecretId: secretOf('pending') }),
    );
    await rotating.rotate('post');
    const { VersionId: pending } = await stack.aws.client.send(
      new PutSecretValueCommand({
        SecretId: secretOf('pending'),
        SecretString: JSON.stringify(stored(rotating, 'post')),
        VersionStages: ['AWSPENDING'],
      }),
    );
    // Some providers also end the tokens that were got with the old one.
    rotating.revokeAll();
    await sleep(5_000);
    await stack.aws.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secretOf('pending'),
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: pending,
        RemoveFromVersionId: old,
      }),
    );
    await sleep(4_000);
    await steady.stop();

    expect(failures(steady)).toEqual({});
  });
});

describe('a token that cannot be had', () => {
  it('is refused by the endpoint, whose own code is named', async () => {
    const reply = await get('wrong');

    expect(reply.status).toBe(502);
    expect(reply.headers['x-attache-error']).toBe('token_refused');
    expect(reply.json()).toMatchObject({ error: { message: expect.stringContaining('invalid_client') } });
    await stack.envoy.accessLog.find(({ attache }) => isDenial(attache, 'wrong', 'refused'), 'the refusal');
  });

  it.each([
    ['bound', { alter: (body) => ({ ...body, token_type: 'DPoP' }) }, 502, 'token_refused', 'of the kind DPoP'],
    [
      'html',
      { status: 200, body: '<!DOCTYPE html><h1>Welcome</h1>', headers: { 'content-type': 'text/html' } },
      503,
      'token_unavailable',
      'neither a token nor an error',
    ],
    ['line', { alter: (body) => ({ ...body, access_token: 'first\nsecond' }) }, 502, 'token_refused', 'line break'],
  ] as const satisfies [Name, TokenFault, number, string, string][])(
    'is not what the endpoint answers with: %s',
    async (name, fault, status, code, words) => {
      as.disturb(fault);
      const before = stack.upstream.requests.entries.length;

      const reply = await get(name);

      expect([reply.status, reply.headers['x-attache-error']]).toEqual([status, code]);
      expect(reply.json()).toMatchObject({ error: { message: expect.stringContaining(words) } });
      expect(stack.upstream.requests.entries).toHaveLength(before);
    },
  );
});

describe('an answer that is not to the letter', () => {
  it('is used when it holds a token, with whatever status and without a kind', async () => {
    as.disturb({ alter: ({ token_type: _, expires_in: __, ...body }) => ({ ...body, scope: ['read'] }) });

    expect((await get('untyped')).status).toBe(200);
  });

  it('is asked for again soon when it holds nothing', async () => {
    as.disturb({ status: 200, body: '{}' });
    const first = await get('empty');
    as.disturb(undefined);

    expect([first.status, first.headers['x-attache-error'], first.headers['retry-after']]).toEqual([
      503,
      'token_unavailable',
      '1',
    ]);
    await expect.poll(async () => (await get('empty')).status, { interval: 100 }).toBe(200);
  });
});

describe('what an OAuth client knows', () => {
  it('is seen nowhere but where it belongs', async () => {
    for (const name of names.filter((it) => it.startsWith('seen-') && it !== 'seen-line')) {
      await get(name, '/v1/x?y=1');
      await get(name, '/never');
    }
    as.disturb((request) =>
      isOf('seen-line', request) ? { alter: (body) => ({ ...body, access_token: 'canary\n4711' }) } : undefined,
    );
    await get('seen-line');
    const known: Record<string, string> = { 'the wrong secret': 'wrong-client-secret', 'a bad token': 'canary\n4711' };
    for (const [name, client] of Object.entries({ ...as.clients, rotated: rotating.clients.basic })) {
      if ('secret' in client) known[`the secret of ${name}`] = client.secret;
      else for (const [at, line] of keyLines(client.privateKey)) known[`line ${at} of the key of ${name}`] = line;
    }
    for (const [index, { parameters }] of as.requests.entries.entries())
      for (const member of ['refresh_token', 'client_assertion'])
        if (parameters.has(member)) known[`${member} ${index}`] = parameters.get(member) ?? '';
    for (const [index, token] of arrivedTokens(stack).entries()) known[`token ${index}`] = token;

    const outputs = await outputsOf(stack, replies, secretOf('seen-refresh'));

    expect(Object.keys(known).length).toBeGreaterThan(20);
    expect(leaks(outputs, known)).toEqual([]);
    // The places were really looked at.
    for (const where of ["Attaché's log", 'the access log', "Attaché's /api/status"])
      expect(outputs[where]).toContain(secretOf('seen-basic'));
  });
});

function shortened(body: Readonly<Record<string, unknown>>): object {
  return 'expires_in' in body ? { ...body, expires_in: 2 } : body;
}

/** The lines of a PEM that are the key's own. */
function keyLines(pem: string): [number, string][] {
  const lines = pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
  return lines.map((line, index) => [index, line]);
}

function isDenial(attache: unknown, integration: string, reason: string): boolean {
  const seen = attache as { integration?: string; reason?: string } | undefined;
  return seen?.integration === integration && seen.reason === reason;
}

/** How often each answer but 200 came. */
function failures({ failed }: SteadyRequests): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code } of failed(0, Number.POSITIVE_INFINITY)) {
    const outcome = `${status} ${code ?? ''}`;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  return counts;
}
