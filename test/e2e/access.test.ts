import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import { ambiguousPaths } from '../paths/ambiguous-paths.ts';
import {
  type CallerListeners,
  type ClientIdentity,
  callerListeners,
  OTHER_ISSUER,
} from './support/caller-listeners.ts';
import { type NaiveCaller, type NaiveIntegration, naiveDecision } from './support/naive-access.ts';
import { sendRaw } from './support/raw-http.ts';
import { addRoutes } from './support/routes.ts';

/** Change it to see other tables; a failure names the seed. */
const SEED = Number(process.env.ACCESS_SEED ?? 6);

const TAGS = {
  agents: ['127.0.1.0/24', 'spiffe://acme/agents/**'],
  operators: ['127.0.2.2', '::1', 'spiffe://acme/operators/alice'],
};

const RULES = [
  'tag:agents',
  'tag:operators',
  '127.0.1.0/24',
  '127.0.1.128/25',
  '127.0.1.5',
  '127.0.2.2/31',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '::1',
  '::/0',
  '2001:db8::/32',
  'spiffe://acme/agents/*',
  'spiffe://acme/agents/build',
  'spiffe://acme/*/build',
  'spiffe://acme/**',
  'spiffe://evil/**',
  'claim:groups=agents',
  'claim:sub=alice',
  'claim:/team/name=core',
  'claim:admin=true',
  'claim:level=3',
];

const ALLOWS = [
  'GET /v1/**',
  'POST /v1/charges',
  '* /v1/public/**',
  'GET /v1/charges/*',
  'DELETE /v1/charges/*/refunds',
  'HEAD /',
  'GET /v1/caf%20noir',
];

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'];

/** Paths that Envoy leaves as they are. */
const PATHS = [
  '/',
  '/v1',
  '/v1/',
  '/v1/charges',
  '/v1/charges/',
  '/v1/charges/ch_1',
  '/v1/charges/ch_1/refunds',
  '/v1/charges/ch.1?expand=/v1/public/a',
  '/v1/public/a/b~c',
  '/v1/publicity',
  '/v1/caf%20noir',
  '/V1/charges',
  '/v1/charges;a=b',
  '/v1/charges/a%2Fb',
  '/v1/charges/a%252Fb',
  '/v1/charges/.hidden',
  '/v2/charges?/v1/charges',
];

interface Identity extends NaiveCaller {
  readonly name: string;
  readonly certificate?: ClientIdentity;
  readonly token?: string;
}

interface Row {
  readonly identity: Identity;
  readonly integration: number;
  readonly method: string;
  readonly path: string;
}

/** Numbers that a seed decides (xorshift, 32 bits). */
function randomNumbers(seed: number): <T>(from: readonly T[]) => T {
  let state = (seed * 2_654_435_761) | 1;
  return (from) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return from[(state >>> 0) % from.length] as (typeof from)[number];
  };
}

/** One kind of rule alone for each kind, none at all, and mixtures; with and without rules about requests. */
function integrations(pick: ReturnType<typeof randomNumbers>): NaiveIntegration[] {
  const several = (from: readonly string[]) => [...new Set([1, 2, 3].map(() => pick(from)))];
  const kinds = [/^tag:/, /^\d.*\/\d/, /^[\d.:]+$/, /^spiffe:/, /^claim:/];
  return [
    {},
    { allow: several(ALLOWS) },
    ...kinds.map((kind) => ({ callers: several(RULES.filter((rule) => kind.test(rule))) })),
    ...kinds.map((kind) => ({ callers: several(RULES.filter((rule) => kind.test(rule))), allow: several(ALLOWS) })),
    ...Array.from({ length: 8 }, () => ({ callers: several(RULES), allow: several(ALLOWS) })),
    { callers: [...RULES], allow: [...ALLOWS] },
  ];
}

async function identities(ways: CallerListeners): Promise<Identity[]> {
  const byAddress = (address: string): Identity => ({ name: address, address, uris: [], claims: undefined });
  const byCertificate = async (name: string, names: readonly string[], address = '127.0.3.1'): Promise<Identity> => ({
    name: `${name} from ${address}`,
    address,
    uris: names.filter((it) => it.includes('://')),
    claims: undefined,
    certificate: await ways.certificate(names),
  });
  const byToken = (name: string, token: string, claims?: Record<string, unknown>): Identity => ({
    name,
    address: '127.0.3.2',
    uris: [],
    claims,
    token,
  });
  const alice = { sub: 'alice', groups: ['agents', 'others'], team: { name: 'core' } };
  const robot = { sub: 'robot', groups: 'agents', admin: true, level: 3 };
  const nobody = { sub: 'Alice', groups: ['agents2'], team: 'core', admin: 'yes', level: 30 };
  const [header = '', payload = ''] = (await ways.token(alice)).split('.');
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
  return [
    ...['127.0.0.1', '127.0.1.5', '127.0.1.127', '127.0.1.128', '127.0.2.2', '127.0.2.3', '127.0.2.4', '::1'].map(
      byAddress,
    ),
    await byCertificate('an agent', ['spiffe://acme/agents/build']),
    await byCertificate('an agent', ['spiffe://acme/agents/build'], '127.0.1.5'),
    await byCertificate('a deeper agent', ['spiffe://acme/agents/build/7']),
    await byCertificate('an operator', ['spiffe://acme/operators/alice']),
    await byCertificate('another domain', ['spiffe://evil/agents/build']),
    await byCertificate('two names', ['spiffe://acme/agents/build', 'spiffe://evil/x']),
    await byCertificate('two names, the other way round', ['spiffe://evil/x', 'spiffe://acme/agents/build']),
    await byCertificate('a comma', ['spiffe://acme/agents/build,spiffe://acme/x']),
    await byCertificate('capitals', ['spiffe://ACME/agents/build']),
    await byCertificate('a dot segment', ['spiffe://acme/agents/../agents/build']),
    await byCertificate('another scheme', ['https://acme/agents/build']),
    await byCertificate('no URI', ['agents.example']),
    byToken('alice', await ways.token(alice), alice),
    byToken('a robot', await ways.token(robot), robot),
    byToken('a token of nearly the right claims', await ways.token(nobody), nobody),
    byToken('an expired token', await ways.token(alice, { expiresIn: -3_600 })),
    byToken("a forger's token", await ways.token(alice, { by: 'forger' })),
    byToken(
      'a token of an issuer that is trusted for something else',
      await ways.token(alice, { issuer: OTHER_ISSUER }),
    ),
    byToken(
      'a token in the name of another issuer',
      await ways.token({ ...alice, iss: OTHER_ISSUER }, { by: 'forger', issuer: OTHER_ISSUER }),
    ),
    byToken('a token without a signature', `${unsigned}.${payload}.`),
    byToken('a token whose signature was cut off', `${header}.${payload}.`),
    { ...byToken('a robot', await ways.token(robot), robot), name: 'a robot at an agent', address: '127.0.1.5' },
  ];
}

describe(`who may do what, through Envoy (seed ${SEED})`, () => {
  let stack: Stack;
  let everybody: Identity[];
  const pick = randomNumbers(SEED);
  const table = integrations(pick);

  beforeAll(async () => {
    const ways = await callerListeners();
    everybody = await identities(ways);
    stack = await startStack({
      upstream: { hosts: { 'api.example': ({ authorization }) => authorization } },
      edit: (document) => {
        ways.edit(document);
        document.setIn(['node', 'metadata', 'attache'], document.createNode({ tags: TAGS }));
        const credential = { secret: 'prod/stripe', bearer: '{{ api_key }}' };
        addRoutes(
          document,
          ...table.map((rules, index) => ({
            name: `i${index}`,
            host: 'api.example',
            attache: { integration: `i${index}`, ...credential, ...rules },
          })),
          {
            name: 'public',
            host: 'api.example',
            attache: { integration: 'public', ...credential, allow: ['* /v1/public/**', 'GET /v1/charges/*'] },
          },
        );
      },
    });
    stack.upstream.accept('api.example', `Bearer ${stack.keys.stripe}`);
  });
  afterAll(() => stack?.stop());

  /** Sends what a row says and tells what became of it: `sent`, or the code of the refusal. */
  async function outcome({ identity, integration, method, path }: Row): Promise<string> {
    const { address, certificate, token } = identity;
    const listener = certificate !== undefined ? 'mtls' : address.includes(':') ? 'ipv6' : 'egress';
    const options = {
      host: address.includes(':') ? '::1' : '127.0.0.1',
      localAddress: address,
      port: stack.envoy.ports.get(listener),
      method,
      path,
      agent: false,
      headers: { host: `i${integration}.int`, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    };
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing =
        certificate === undefined
          ? plainRequest(options, resolve)
          : tlsRequest({ ...options, ...certificate, servername: 'stripe.int' }, resolve);
      outgoing.once('error', reject).end();
    });
    incoming.resume();
    return incoming.statusCode === 200 ? 'sent' : String(incoming.headers['x-attache-error'] ?? incoming.statusCode);
  }

  it('is decided as an independent reading of the README has it, a few hundred times', {
    timeout: 120_000,
  }, async () => {
    const rows = everybody.flatMap((identity) =>
      table.flatMap((_, integration) =>
        [1, 2].map((): Row => ({ identity, integration, method: pick(METHODS), path: pick(PATHS) })),
      ),
    );
    const wanted = rows.map(({ identity, integration, method, path }) =>
      naiveDecision(table[integration] ?? {}, TAGS, identity, method, path),
    );

    const seen: string[] = [];
    for (let at = 0; at < rows.length; at += 8) seen.push(...(await Promise.all(rows.slice(at, at + 8).map(outcome))));

    const wrong = rows.flatMap(({ identity, integration, method, path }, index) => {
      if (seen[index] === wanted[index]) return [];
      return `${identity.name}: ${method} ${path} of ${JSON.stringify(table[integration])}: ${seen[index]}, not ${wanted[index]}`;
    });
    expect(wrong).toEqual([]);
    expect(rows.length).toBeGreaterThan(1_000);
    for (const decision of ['sent', 'caller_not_allowed', 'request_not_allowed']) {
      expect(wanted.filter((it) => it === decision).length).toBeGreaterThan(100);
    }
    expect(stack.upstream.requests.entries.length).toBe(wanted.filter((it) => it === 'sent').length);
  });

  it('lets nobody in whose certificate is of a CA that the listener does not know', async () => {
    const ways = await callerListeners();
    const certificate = await ways.strangersCertificate(['spiffe://acme/agents/build']);
    const stranger: Identity = { name: 'a stranger', address: '127.0.3.1', uris: [], claims: undefined, certificate };

    await expect(outcome({ identity: stranger, integration: 0, method: 'GET', path: '/' })).rejects.toThrow();
  });

  it.each(ambiguousPaths)('sends no path on that another server could read otherwise: %s', async (_, path) => {
    stack.upstream.requests.entries.length = 0;

    const { statuses } = await sendRaw(
      stack.port,
      `GET ${path} HTTP/1.1\r\nHost: public.int\r\nAuthorization: Bearer mine\r\nConnection: close\r\n\r\n`,
    );

    // Envoy takes dot segments out and turns backslashes round before Attaché is asked; what is left must be plain and allowed.
    const arrived = stack.upstream.requests.entries.map((request) => request.path);
    for (const it of arrived) {
      const rules = { allow: ['* /v1/public/**', 'GET /v1/charges/*'] };
      expect(naiveDecision(rules, {}, { address: '', uris: [], claims: undefined }, 'GET', it)).toBe('sent');
    }
    expect(arrived.length).toBeLessThanOrEqual(1);
    if (arrived.length === 0) expect([[400], [403], [404]]).toContainEqual(statuses);
  });
});
