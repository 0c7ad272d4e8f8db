import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from '../../local/stack.ts';
import type { ServiceAccountKey } from '../support/google-service-account.ts';
import { type GoogleTokenEndpoint, startGoogleTokenEndpoint } from '../support/google-token-endpoint.ts';
import { steadyRequests } from '../support/steady-requests.ts';
import { leaks, outputsOf } from './support/outputs.ts';
import { addRoutes } from './support/routes.ts';
import { type Reply, send } from './support/send.ts';
import { arrivedTokens, TOKEN_HOST, takeTokens } from './support/token-upstream.ts';

const STORAGE = 'https://www.googleapis.com/auth/devstorage.read_only';
const PUBSUB = 'https://www.googleapis.com/auth/pubsub';
const SERVICE = 'https://service.example.test';

/** Each integration has a service account of its own, so that none meets another's tokens. */
const INTEGRATIONS = {
  scopes: { scopes: [STORAGE, PUBSUB] },
  audience: { audience: SERVICE },
  burst: { scopes: [STORAGE] },
  revoked: { audience: SERVICE },
  steady: { scopes: [STORAGE] },
  deleted: { scopes: [STORAGE] },
  rotated: { scopes: [STORAGE] },
  'seen-scopes': { scopes: [STORAGE] },
  'seen-audience': { audience: SERVICE },
} as const;
type Name = keyof typeof INTEGRATIONS;
const names = Object.keys(INTEGRATIONS) as Name[];

let google: GoogleTokenEndpoint;
let stack: Stack;
const keys = {} as Record<Name, ServiceAccountKey>;
const replies: Reply[] = [];

/** The token requests of an integration's account. */
function asked(name: Name) {
  return google.requests.entries.filter(({ parameters }) => claimsOf(parameters).iss === keys[name].client_email);
}

function claimsOf(parameters: URLSearchParams): { readonly iss?: string } {
  const [, claims = ''] = (parameters.get('assertion') ?? '').split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
}

async function get(name: Name): Promise<Reply> {
  const reply = await send(stack.port, { host: `${name}.int` });
  replies.push(reply);
  return reply;
}

const lastToken = () =>
  stack.upstream.requests.entries.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? 'no token';

beforeAll(async () => {
  google = await startGoogleTokenEndpoint();
  stack = await startStack({
    attache: false,
    upstream: { hosts: { [TOKEN_HOST]: () => undefined } },
    edit: (document) =>
      addRoutes(
        document,
        ...names.map((name) => ({
          name,
          host: TOKEN_HOST,
          attache: { integration: name, secret: `google/${name}`, google_service_account: INTEGRATIONS[name] },
        })),
      ),
  });
  takeTokens(stack, (token) => google.activeToken(token) !== undefined);
  await Promise.all(
    names.map(async (name) => {
      keys[name] = await google.createKey(name);
      await stack.aws.put(`google/${name}`, JSON.stringify(keys[name]));
    }),
  );
  await stack.startAttache({ ATTACHE_LOG: 'trace', ATTACHE_REFRESH_AFTER: '5s', ATTACHE_FETCH_DEADLINE: '8s' });
});
afterAll(async () => {
  await stack?.stop();
  await google?.[Symbol.asyncDispose]();
});

describe('a Google service account', () => {
  it('gets an access token for its scopes, and uses it for as long as it lives', async () => {
    expect((await get('scopes')).status).toBe(200);
    expect((await get('scopes')).status).toBe(200);

    expect(asked('scopes')).toMatchObject([{ algorithm: 'RS256' }]);
    expect(google.activeToken(lastToken())).toMatchObject({
      kind: 'access_token',
      email: keys.scopes.client_email,
      scopes: [STORAGE, PUBSUB],
    });
  });

  it('gets an ID token for its audience', async () => {
    expect((await get('audience')).status).toBe(200);
    expect((await get('audience')).status).toBe(200);

    expect(asked('audience')).toHaveLength(1);
    expect(google.activeToken(lastToken())).toMatchObject({ kind: 'id_token', audience: SERVICE });
  });

  it('gets one token for 500 requests at once', async () => {
    const agent = new Agent({ keepAlive: true });
    const all = await Promise.all(Array.from({ length: 500 }, () => send(stack.port, { host: 'burst.int', agent })));
    agent.destroy();

    expect(all.filter(({ status }) => status !== 200)).toEqual([]);
    expect(asked('burst')).toHaveLength(1);
  });

  it('fails no request when tokens expire under load, or are taken back', async () => {
    google.lifeSeconds = 3;
    await using steady = steadyRequests(stack.port, 'steady.int', 50);
    await using revoked = steadyRequests(stack.port, 'revoked.int', 50);
    await sleep(6_000);
    google.lifeSeconds = 3_600;
    await sleep(3_000);
    google.revokeAll();
    await sleep(1_000);
    await Promise.all([steady.stop(), revoked.stop()]);

    expect(steady.failed(0, Number.POSITIVE_INFINITY)).toEqual([]);
    expect(revoked.failed(0, Number.POSITIVE_INFINITY)).toEqual([]);
    expect(asked('steady').length).toBeLessThanOrEqual(8);
    expect(asked('revoked').length).toBeLessThanOrEqual(8);
  });

  it('is refused once its key is deleted', async () => {
    google.deleteKey(keys.deleted);

    const reply = await get('deleted');

    expect([reply.status, reply.headers['x-attache-error']]).toEqual([502, 'token_refused']);
    expect(reply.json()).toMatchObject({ error: { message: expect.stringContaining('invalid_grant') } });
  });

  it('goes on with a new key when the old one is deleted', async () => {
    const old = keys.rotated;
    const key = await google.createKey('rotated');
    await stack.aws.put('google/rotated', JSON.stringify(key));
    google.deleteKey(old);

    expect((await get('rotated')).status).toBe(200);
    expect(google.activeToken(lastToken())).toMatchObject({ email: old.client_email });
  });

  it('shows its key and its tokens nowhere', async () => {
    for (const name of ['seen-scopes', 'seen-audience'] as const) expect((await get(name)).status).toBe(200);
    const known: Record<string, string> = {};
    for (const name of names) {
      const lines = keys[name].private_key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
      for (const [index, line] of lines.entries()) known[`line ${index} of the key of ${name}`] = line;
    }
    for (const [index, { parameters }] of google.requests.entries.entries())
      known[`assertion ${index}`] = parameters.get('assertion') ?? '';
    for (const [index, token] of arrivedTokens(stack).entries()) known[`token ${index}`] = token;

    const outputs = await outputsOf(stack, replies, 'google/seen-audience');

    expect(leaks(outputs, known)).toEqual([]);
    for (const where of ["Attaché's log", 'the access log', "Attaché's /api/status"])
      expect(outputs[where]).toContain('google/seen-audience');
  });
});
