import { ClientSecretBasic } from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import type { OAuthClient } from '../../src/tokens/oauth2.ts';
import { RefreshToken } from '../../src/tokens/refresh-token.ts';
import { renew } from '../../src/tokens/renewal.ts';
import { RenewalCutOff, type WriteBack } from '../../src/tokens/write-back.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server/authorization-server.ts';

let as: AuthorizationServer;
let first: string;
let client: OAuthClient;

beforeEach(async () => {
  as = await startAuthorizationServer({ rotateRefreshTokens: true });
  const { id, secret } = as.clients.basic;
  client = {
    origin: { secretId: 'prod/api', endpoint: '127.0.0.1' },
    tokenUrl: as.tokenUrl,
    clientId: id,
    authentication: ClientSecretBasic(secret),
    parameters: new URLSearchParams(),
  };
  first = await as.issueRefreshToken('basic');
});
afterEach(() => as[Symbol.asyncDispose]());

/** Renewed by this process, and stored in memory. */
function storing({ store = async () => {} }: { readonly store?: () => Promise<void> } = {}): WriteBack & {
  readonly stored: string[];
} {
  const stored: string[] = [];
  return {
    stored,
    replace: async (from, { unanswered }, given) => {
      const renewed = await renew(client, from, unanswered, async ({ value }) => {
        given();
        await store();
        stored.push(value);
      });
      const { stored: version } = renewed;
      return { current: version === undefined ? from : new SecretVersion(version.id, version.value), renewed };
    },
  };
}

function refreshToken(value: object | string, writesBack: boolean): RefreshToken {
  const secret = new SecretVersion('v1', typeof value === 'string' ? value : JSON.stringify(value));
  return new RefreshToken(client, secret, writesBack ? { storedWith: {} } : {});
}

const context = (writeBack: WriteBack = storing()) => ({ signal: AbortSignal.timeout(60_000), writeBack });

/** The members of what was stored last. */
const last = ({ stored }: { readonly stored: readonly string[] }) =>
  JSON.parse(stored.at(-1) ?? '{}') as Record<string, string>;

/** The refresh token that the server has given last. */
const given = () => as.answers.entries.at(-1)?.body.refresh_token;

const inAMinute = () => new Date(Date.now() + 60_000).toISOString();

describe('a refresh token', () => {
  it('is stored with the access token that came with it, and with whatever else stood in the secret', async () => {
    const memory = storing();

    const token = await refreshToken({ refresh_token: first, note: 'kept' }, true).token(context(memory));

    const body = as.answers.entries[0]?.body;
    const stored = JSON.parse(memory.stored[0] ?? '') as Record<string, string>;
    expect(stored).toEqual({
      note: 'kept',
      refresh_token: body?.refresh_token,
      access_token: body?.access_token,
      access_token_expires_at: expect.any(String),
      access_token_for: as.tokenUrl,
    });
    expect(token.reveal()).toBe(body?.access_token);
    expect(Date.parse(stored.access_token_expires_at ?? '') - Date.now()).toBeLessThanOrEqual(600_000);
  });

  it('is not used while the access token beside it is good, but for a second wish', async () => {
    const memory = storing();
    const value = { refresh_token: first, access_token: 'stored', access_token_expires_at: inAMinute() };
    const it = refreshToken(value, true);

    expect((await it.token(context(memory))).reveal()).toBe('stored');
    expect(as.requests.entries).toEqual([]);

    await it.token(context(memory));
    expect(as.requests.entries).toHaveLength(1);
  });

  it.each([
    [
      'about to expire',
      { access_token: 'stored', access_token_expires_at: new Date(Date.now() + 5_000).toISOString() },
    ],
    ['without an end', { access_token: 'stored' }],
    ['with an end that is no time', { access_token: 'stored', access_token_expires_at: 'tomorrow' }],
  ])('is used when the access token beside it is %s', async (_, beside) => {
    const token = await refreshToken({ refresh_token: first, ...beside }, true).token(context());

    expect(await as.activeToken(token.reveal())).toBeDefined();
  });

  it('gives way to what another process has stored', async () => {
    const theirs = JSON.stringify({
      refresh_token: 'theirs',
      access_token: 'their access token',
      access_token_expires_at: inAMinute(),
    });
    const replaced: WriteBack = { replace: async () => ({ current: new SecretVersion('v2', theirs) }) };

    const token = await refreshToken({ refresh_token: first }, true).token(context(replaced));

    expect(token.reveal()).toBe('their access token');
    expect(as.requests.entries).toEqual([]);
  });

  it('is used when the access token beside it was asked for with another scope', async () => {
    const memory = storing();
    const wide = await refreshToken({ refresh_token: first }, true).token(context(memory));
    const stored = memory.stored[0] ?? '';
    const isGoodFor = async (parameters: Record<string, string>) => {
      const its = { ...client, parameters: new URLSearchParams(parameters) };
      const other = new RefreshToken(its, new SecretVersion('v2', stored), { storedWith: {} });
      const replaced = async () => ({ current: new SecretVersion('v3', stored) });
      return (await other.token(context({ replace: replaced })).catch(() => undefined))?.reveal() === wide.reveal();
    };

    expect(await isGoodFor({})).toBe(true);
    expect(await isGoodFor({ scope: 'read' })).toBe(false);
    expect(await isGoodFor({ audience: 'https://api.example.com' })).toBe(false);
  });

  it('that may not be stored is an error when it is replaced, and is never used a second time', async () => {
    const it = refreshToken({ refresh_token: first }, false);

    for (let count = 0; count < 3; count += 1)
      await expect(it.token(context())).rejects.toMatchObject({ reason: 'refresh_token_rotated' });

    expect(as.requests.entries).toHaveLength(1);
  });

  it('is waited for longer than any other answer: whoever gives up early loses the new one', async () => {
    as.disturb({ delayMs: 500 });
    const memory = storing();
    const short = { signal: AbortSignal.timeout(100), writeBack: memory };

    await refreshToken({ refresh_token: first }, true).token(short);

    expect(memory.stored).toHaveLength(1);
  });

  it('that comes with an ID token is used as any other', async () => {
    const withIdToken = await as.issueRefreshToken('basic', { scopes: ['openid', 'read'] });

    const token = await refreshToken({ refresh_token: withIdToken }, true).token(context());

    expect(await as.activeToken(token.reveal())).toBeDefined();
  });
});

describe('a refresh token that was replaced', () => {
  const altered = (fault: (body: Readonly<Record<string, unknown>>) => object) => as.disturb({ alter: fault });

  it.each([
    ['a scope that is a list', (body: object) => ({ ...body, scope: ['a'] })],
    ['no kind and no life', ({ token_type: _, expires_in: __, ...body }: Record<string, unknown>) => body],
    ['a life of 0', (body: object) => ({ ...body, expires_in: 0 })],
    ['an ID token that is none', (body: object) => ({ ...body, id_token: 'junk' })],
  ])('is stored with its access token when the answer has %s', async (_, fault) => {
    altered(fault);
    const memory = storing();

    const token = await refreshToken({ refresh_token: first }, true).token(context(memory));

    expect(last(memory)).toMatchObject({ refresh_token: given(), access_token: token.reveal() });
    expect(await as.activeToken(token.reveal())).toBeDefined();
  });

  it.each([
    ['no access token', ({ access_token: _, ...body }: Record<string, unknown>) => body, 'endpoint_failed'],
    ['one that needs a proof', (body: object) => ({ ...body, token_type: 'DPoP' }), 'unusable_token'],
  ])('is stored before the rest is refused: %s', async (_, fault, reason) => {
    altered(fault);
    const memory = storing();

    await expect(refreshToken({ refresh_token: first }, true).token(context(memory))).rejects.toMatchObject({ reason });

    expect(last(memory)).toEqual({ refresh_token: given() });
  });

  it('whose access token does not say how long it lives serves all processes until the next write is allowed', async () => {
    altered(({ expires_in: _, ...body }) => body);
    const memory = storing();

    const token = await refreshToken({ refresh_token: first }, true).token(context(memory));

    expect(token.lifetime.freshFor).toBeGreaterThan(10 * 60_000);
    expect(Date.parse(last(memory).access_token_expires_at ?? '') - Date.now()).toBeGreaterThan(10 * 60_000);
  });

  it('leaves every digit of the secret as it was written, and a byte order mark behind', async () => {
    const memory = storing();
    const text = `\ufeff{"client_id":9007199254740993,"n":{"m":[1.50]},"refresh_token":"${first}"}`;

    await refreshToken(text, true).token(context(memory));

    expect(memory.stored[0]).toMatch(/^\{"client_id":9007199254740993,"n":\{"m":\[1\.50\]\},"refresh_token":"/);
  });

  it('is stored without the access token where both are too large for AWS', async () => {
    altered((body) => ({ ...body, access_token: 'x'.repeat(65_500) }));
    const memory = storing();

    const token = await refreshToken({ refresh_token: first }, true).token(context(memory));

    expect(token.size).toBe(65_500);
    expect(last(memory)).toEqual({ refresh_token: given() });
  });

  it('is said to be lost when nothing can hold it, and the old one is not used again', async () => {
    altered((body) => ({ ...body, refresh_token: 'x'.repeat(65_536) }));
    const memory = storing();
    const it = refreshToken({ refresh_token: first }, true);

    for (let count = 0; count < 2; count += 1)
      await expect(it.token(context(memory))).rejects.toMatchObject({
        reason: 'refresh_token_lost',
        message: expect.stringContaining('authorise anew'),
      });

    expect(as.requests.entries).toHaveLength(1);
  });

  it.each([
    ['the connection broke', 'cut-after', 'ECONNRESET'],
    ['the answer is a page', { status: 200, body: '<h1>Welcome' }, 'HTTP 200'],
  ] as const)(
    'without anybody knowing by what is used again, and said to be lost when refused: %s',
    async (_, fault, why) => {
      as.disturb(fault);
      const memory = storing();
      const it = refreshToken({ refresh_token: first }, true);
      await expect(it.token(context(memory))).rejects.toThrow();
      as.disturb(undefined);
      // A page in place of the answer did not keep the provider from replacing it.
      if (fault !== 'cut-after') await refreshToken({ refresh_token: first }, true).token(context());

      await expect(it.token(context(memory))).rejects.toMatchObject({
        reason: 'refresh_token_lost',
        message: expect.stringMatching(new RegExp(`${why}.*authorise anew and store the new refresh token`)),
        detail: expect.stringContaining('invalid_grant'),
      });
      expect(memory.stored).toEqual([]);
    },
  );

  it('by a process that was cut off is used again, and said to be lost when refused', async () => {
    const it = refreshToken({ refresh_token: first }, true);
    const cutOff: WriteBack = { replace: () => Promise.reject(new RenewalCutOff()) };
    await expect(it.token(context(cutOff))).rejects.toMatchObject({ reason: 'not_written_back' });
    await refreshToken({ refresh_token: first }, true).token(context());

    await expect(it.token(context())).rejects.toMatchObject({
      reason: 'refresh_token_lost',
      message: expect.stringContaining('the process that renewed it ended before it had an answer'),
    });
  });

  it('is pending for as long as it is being stored', async () => {
    const { promise: isStored, resolve: store } = Promise.withResolvers<void>();
    const slow = storing({ store: () => isStored });
    const it = refreshToken({ refresh_token: first }, true);
    const token = it.token(context(slow));
    await expect.poll(() => it.pending?.reason).toBe('not_written_back');

    store();
    await token;
    expect(it.pending).toBeUndefined();
  });
});

describe('a refresh token that is refused', () => {
  it('is to be replaced by a person, and the client is not blamed for it', async () => {
    await as.revoke(first);

    await expect(refreshToken({ refresh_token: first }, true).token(context())).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('authorise anew'),
    });
  });

  it('for the sake of its client is not said to be lost', async () => {
    const it = refreshToken({ refresh_token: first }, true);
    as.disturb('cut');
    await expect(it.token(context())).rejects.toMatchObject({ reason: 'endpoint_unreachable' });
    as.disturb(undefined);
    await as.rotate('basic');

    await expect(it.token(context())).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('invalid_client'),
    });
  });
});
