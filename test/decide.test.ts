import { describe, expect, it } from 'vitest';
import { now } from '../src/cache/clock.ts';
import type { Deadline } from '../src/cache/deadline.ts';
import { decide } from '../src/decide.ts';
import { Leaving } from '../src/integrations/leaving.ts';
import { parseCatalogue } from '../src/integrations/read-catalogue.ts';
import type { Attempt } from '../src/processor/attempts.ts';
import type { RequestFacts } from '../src/processor/request-facts.ts';
import { SecretError } from '../src/secrets/secret-error.ts';
import { SecretStore } from '../src/secrets/secret-store.ts';
import { SecretVersion } from '../src/secrets/secret-version.ts';
import type { SecretSource } from '../src/secrets/secrets-manager.ts';
import { TokenError } from '../src/tokens/token-error.ts';
import { noTokens, request } from './credentials/support.ts';

const { catalogue } = parseCatalogue(
  'test.yaml',
  'integrations:\n- { integration: api, host: api.example.com, secret: prod/api, bearer: "{{ . }}" }\n',
);

/** A decision about a request that is as it should be, but for what is given. */
async function decided(
  facts: Partial<RequestFacts>,
  fetch: SecretSource['fetch'] = async () => new SecretVersion('version-1', 'key'),
) {
  const freshness = { refreshAfter: 60_000, maxStale: 3_600_000 };
  const secrets = new SecretStore({ fetch }, freshness, () => undefined);
  const held = secrets.hold(catalogue);
  if (fetch.length === 0) await held;
  const answer = decide(
    {
      ...request(),
      integration: 'api',
      attempt: 1,
      hasUnreadBody: false,
      givesBodies: false,
      isDiscovery: false,
      caller: { address: '10.1.2.3', uriSan: undefined, claims: undefined },
      before: () => [],
      ...facts,
    },
    { catalogue, secrets, tokens: noTokens(), instances: undefined, fetchDeadline: 200 },
  );
  const waited = answer instanceof Promise;
  const result = await answer;
  secrets.close();
  return { waited, result };
}

const attempt = (version: string, status: number): Attempt => ({ version, status, tokens: [] });

describe('a decision', () => {
  it('injects in the same turn when the secret is at hand', async () => {
    const { waited, result } = await decided({});

    expect(waited).toBe(false);
    expect(result).toMatchObject({
      kind: 'inject',
      integration: 'api',
      secret: 'prod/api',
      version: 'version-1',
      final: false,
    });
  });

  it.each<[string, Partial<RequestFacts>, string]>([
    ['names no integration', { integration: undefined }, 'no_integration'],
    ['names one that is not known', { integration: 'other' }, 'unknown_integration'],
    ['has no attempt count', { attempt: undefined }, 'no_attempt_count'],
    ['goes to another host', { authority: 'evil.example' }, 'host_mismatch'],
    ['goes to another port', { authority: 'api.example.com:8443' }, 'host_mismatch'],
    ['goes to the host with a dot', { authority: 'api.example.com.' }, 'host_mismatch'],
    ['says no host', { authority: '' }, 'host_mismatch'],
    ['says no method', { method: '' }, 'request_not_allowed'],
    ['would be sent back', { method: 'trace' }, 'request_not_allowed'],
    ['has a query of too many parameters', { path: `/?${'a&'.repeat(5_000)}` }, 'request_not_allowed'],
  ])('refuses in the same turn a request that %s', async (_, facts, code) => {
    const { waited, result } = await decided(facts);

    expect(waited).toBe(false);
    expect(result).toMatchObject({ kind: 'deny', code });
  });

  it.each([
    ['its connection broke', 0],
    ['its destination was unavailable', 503],
    ['it came too often', 429],
  ])('takes no key for refused because %s', async (_, status) => {
    const before = [attempt('version-1', 0), attempt('version-1', status)];
    const { waited, result } = await decided({ attempt: 3, before: () => before });

    expect(waited).toBe(false);
    expect(result).toMatchObject({ version: 'version-1', before });
  });

  it.each([401, 403, 400])('looks for another key once one was refused with %d', async (status) => {
    const before = [attempt('version-0', status)];
    const { waited, result } = await decided({ attempt: 2, before: () => before });

    expect(waited).toBe(true);
    expect(result).toMatchObject({ kind: 'inject', version: 'version-1', before });
  });

  it('sends the key that came after a refused one again when its connection broke, and reads nothing for it', async () => {
    const before = [attempt('version-0', 401), attempt('version-1', 0)];
    const { waited, result } = await decided({ attempt: 3, before: () => before });

    expect(waited).toBe(false);
    expect(result).toMatchObject({ kind: 'inject', version: 'version-1', before });
  });

  it('refuses, and says when to try again, while there is no secret to be had', async () => {
    const failing = await decided({}, () => Promise.reject(new SecretError('prod/api', 'throttled', '')));
    const hanging = await decided({}, (_secretId) => new Promise(() => undefined));

    expect(failing.result).toMatchObject({
      kind: 'deny',
      code: 'secret_unavailable',
      reason: 'throttled',
      retryAfter: 1,
    });
    expect(hanging.result).toMatchObject({ kind: 'deny', code: 'secret_unavailable', reason: 'timeout' });
  });
});

describe('what a decision waits for', () => {
  it('does not add up: caller, secret and token share one deadline, and the reason is told when it comes', async () => {
    const { catalogue } = parseCatalogue(
      'test.yaml',
      `tags_from_ec2: { region: eu-west-1, vpc: vpc-0123456789abcdef0 }
integrations:
- integration: api
  host: api.example.com
  secret: prod/api
  oauth2: { grant: client_credentials, token_url: "http://127.0.0.1:9/token" }
  callers: ["tag:agents"]
`,
    );
    const inTime = <T>(ms: number, value: () => T) =>
      new Promise<T>((resolve, reject) =>
        setTimeout(() => {
          try {
            resolve(value());
          } catch (error) {
            reject(error);
          }
        }, ms),
      );
    const fetch = () => inTime(300, () => new SecretVersion('v1', '{"client_id":"a","client_secret":"b"}'));
    const secrets = new SecretStore({ fetch }, { refreshAfter: 60_000, maxStale: 3_600_000 }, () => undefined);
    const held = secrets.hold(catalogue);
    const deadlines: Deadline[] = [];
    const instances = {
      ownerOf: (_: string, deadline: Deadline) => {
        deadlines.push(deadline);
        return inTime(300, () => ({ instance: 'i-1', tags: new Set(['agents']) }));
      },
    };
    const tokens = {
      slot: () => ({
        get: (_: unknown, deadline: Deadline) => {
          deadlines.push(deadline);
          return deadline.wait(new Promise(() => undefined), () => new TokenError(ORIGIN, 'endpoint_timeout', ''));
        },
      }),
    };
    const facts = { ...request(), integration: 'api', attempt: 1, caller: CALLER };
    const began = now();

    const decision = await decide(facts as never, {
      catalogue,
      secrets,
      tokens: tokens as never,
      instances,
      fetchDeadline: 500,
    });
    await held;
    secrets.close();

    expect(decision).toMatchObject({ kind: 'deny', code: 'token_unavailable', reason: 'endpoint_timeout' });
    expect(new Set(deadlines).size).toBe(1);
    expect(deadlines[0]?.at).toBeLessThan(began + 600);
  });
});

const ORIGIN = { secretId: 'prod/api', endpoint: '127.0.0.1:9' };
const CALLER = { address: '10.1.2.3', uriSan: undefined, claims: undefined };

describe('a decision about an integration that an edit has just moved to another host, with another secret', () => {
  const listed = (host: string, secret: string) =>
    parseCatalogue(
      'test.yaml',
      `integrations:\n- { integration: api, host: ${host}, secret: ${secret}, bearer: "{{ . }}" }\n`,
    ).catalogue;
  const before = listed('old.example', 'prod/old');
  const after = listed('new.example', 'prod/new');

  /** What is sent to a host, by an attempt; the code of its refusal where nothing is. */
  async function sent(to: string, attempt: number, { now = after, isClosed = false } = {}): Promise<string> {
    const leaving = new Leaving();
    leaving.change(before, now);
    if (isClosed) leaving.closing()(0);
    const fetch = async (id: string) => new SecretVersion('v', `key of ${id}`);
    const secrets = new SecretStore({ fetch }, { refreshAfter: 60_000, maxStale: 3_600_000 }, () => undefined);
    await secrets.hold([...leaving, ...now]);
    const result = await decide(
      {
        ...request(),
        integration: 'api',
        authority: to,
        attempt,
        hasUnreadBody: false,
        givesBodies: false,
        isDiscovery: false,
        caller: { address: '10.1.2.3', uriSan: undefined, claims: undefined },
        before: () => [],
      },
      { catalogue: now, leaving, secrets, tokens: noTokens(), instances: undefined, fetchDeadline: 200 },
    );
    secrets.close();
    if (result.kind === 'inject') return result.secret;
    return result.kind === 'deny' ? result.code : result.kind;
  }

  it('sends each host its own secret, and never the other one', async () => {
    expect(await sent('old.example', 1)).toBe('prod/old');
    expect(await sent('new.example', 1)).toBe('prod/new');
    expect(await sent('evil.example', 1)).toBe('host_mismatch');
  });

  it('lets only what is under way go on at the host before, once Envoy has the new one', async () => {
    expect(await sent('old.example', 1, { isClosed: true })).toBe('host_mismatch');
    expect(await sent('old.example', 2, { isClosed: true })).toBe('prod/old');
    expect(await sent('new.example', 1, { isClosed: true })).toBe('prod/new');
  });

  it('refuses new requests to one that was taken away, and lets those under way go on', async () => {
    const now = parseCatalogue('test.yaml', 'integrations: []\n').catalogue;

    expect(await sent('old.example', 1, { now, isClosed: true })).toBe('unknown_integration');
    expect(await sent('old.example', 2, { now, isClosed: true })).toBe('prod/old');
  });
});
