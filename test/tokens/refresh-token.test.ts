import { ClientSecretBasic } from 'oauth4webapi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretVersion } from '../../src/secrets/secret-version.ts';
import type { WriteBack } from '../../src/secrets/write-back.ts';
import { RefreshToken } from '../../src/tokens/refresh-token.ts';
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server/authorization-server.ts';

let as: AuthorizationServer;
let first: string;

beforeEach(async () => {
  as = await startAuthorizationServer({ rotateRefreshTokens: true });
  first = await as.issueRefreshToken('basic');
});
afterEach(() => as[Symbol.asyncDispose]());

/** A secret that is stored in memory, by one process. */
function storing(stored: string[] = []): WriteBack & { readonly stored: string[] } {
  return {
    stored,
    replace: async (_, from, renew) => {
      const value = await renew();
      if (value === undefined) return from;
      stored.push(value);
      return new SecretVersion(`v${stored.length + 1}`, value);
    },
  };
}

function refreshToken(value: object, writesBack: boolean): RefreshToken {
  const { id, secret } = as.clients.basic;
  const client = {
    origin: { secretId: 'prod/api', endpoint: '127.0.0.1' },
    tokenUrl: as.tokenUrl,
    clientId: id,
    authentication: ClientSecretBasic(secret),
    parameters: new URLSearchParams(),
  };
  return new RefreshToken(client, new SecretVersion('v1', JSON.stringify(value)), { writesBack });
}

const context = (writeBack: WriteBack = storing()) => ({ signal: AbortSignal.timeout(5_000), writeBack });
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
    const replaced: WriteBack = { replace: async () => new SecretVersion('v2', theirs) };

    const token = await refreshToken({ refresh_token: first }, true).token(context(replaced));

    expect(token.reveal()).toBe('their access token');
    expect(as.requests.entries).toEqual([]);
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
