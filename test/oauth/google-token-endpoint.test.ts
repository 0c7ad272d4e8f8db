import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, importPKCS8, type JWTPayload, SignJWT } from 'jose';
import {
  allowInsecureRequests,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
  type TokenEndpointResponse,
} from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import type { ServiceAccountKey } from '../support/google-service-account.ts';
import { startGoogleTokenEndpoint } from '../support/google-token-endpoint.ts';
import { unavailable } from '../support/token-endpoint/fault.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const STORAGE = 'https://www.googleapis.com/auth/devstorage.read_only';
const AUDIENCE = 'https://service.run.example.test';

const now = () => Math.floor(Date.now() / 1_000);

/** An assertion that is right but for the claims given; undefined leaves one out. */
async function assertionOf(key: ServiceAccountKey, claims: JWTPayload, kid = key.private_key_id): Promise<string> {
  const usual = { iss: key.client_email, aud: key.token_uri, iat: now(), exp: now() + 3_600 };
  const signer = await importPKCS8(key.private_key, 'RS256');
  return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(signer);
}

async function request(tokenUri: string, assertion: string): Promise<Response> {
  const as = { issuer: tokenUri, token_endpoint: tokenUri };
  return genericTokenEndpointRequest(as, { client_id: 'unused' }, () => {}, GRANT, new URLSearchParams({ assertion }), {
    [allowInsecureRequests]: true,
  });
}

async function exchange(key: ServiceAccountKey, claims: JWTPayload): Promise<TokenEndpointResponse> {
  const as = { issuer: key.token_uri, token_endpoint: key.token_uri };
  const response = await request(key.token_uri, await assertionOf(key, claims));
  return processGenericTokenEndpointResponse(as, { client_id: 'unused' }, response);
}

describe("the stand-in for Google's token endpoint", () => {
  it('gives an access token for scopes', async () => {
    await using google = await startGoogleTokenEndpoint();
    const key = await google.createKey();

    const answer = await exchange(key, { scope: `${STORAGE} https://www.googleapis.com/auth/pubsub` });

    expect(answer).toMatchObject({ expires_in: 3_600, token_type: 'bearer' });
    expect(google.activeToken(answer.access_token)).toMatchObject({
      kind: 'access_token',
      email: key.client_email,
      scopes: [STORAGE, 'https://www.googleapis.com/auth/pubsub'],
    });
    expect(google.requests.entries).toMatchObject([{ grantType: GRANT, authentication: 'none', algorithm: 'RS256' }]);
    expect(google.granted).toBe(1);
  });

  it('gives an ID token and nothing else for an audience', async () => {
    await using google = await startGoogleTokenEndpoint();
    const key = await google.createKey();

    const response = await request(key.token_uri, await assertionOf(key, { target_audience: AUDIENCE }));
    const answer = (await response.json()) as Record<string, string>;

    expect(Object.keys(answer)).toEqual(['id_token']);
    const claims = decodeJwt(answer.id_token ?? '');
    expect(claims).toMatchObject({ iss: 'https://accounts.google.com', aud: AUDIENCE, sub: key.client_id });
    expect(claims.exp).toBeGreaterThan(now() + 3_590);
    expect(google.activeToken(answer.id_token ?? '')).toMatchObject({ kind: 'id_token', audience: AUDIENCE });
  });

  it('sends an answer that oauth4webapi refuses when only an ID token was asked for', async () => {
    await using google = await startGoogleTokenEndpoint();
    const key = await google.createKey();

    await expect(exchange(key, { target_audience: AUDIENCE })).rejects.toMatchObject({
      code: 'OAUTH_INVALID_RESPONSE',
    });
  });

  it.each([
    [
      'an unknown account',
      { iss: 'nobody@attache-test.iam.gserviceaccount.com' },
      'invalid_grant',
      'account not found',
    ],
    ['another audience', { aud: 'https://oauth2.googleapis.com/token' }, 'invalid_grant', 'audience check'],
    ['a life of more than an hour', { exp: now() + 3_700 }, 'invalid_grant', 'short-lived'],
    ['an iat ahead of the clock', { iat: now() + 600 }, 'invalid_grant', 'short-lived'],
    ['an exp in the past', { iat: now() - 3_700, exp: now() - 100 }, 'invalid_grant', 'short-lived'],
    ['no iat', { iat: undefined }, 'invalid_grant', 'iat'],
    ['no exp', { exp: undefined }, 'invalid_grant', 'exp'],
    ['no scope', { scope: '' }, 'invalid_scope', 'scope'],
    ['both a scope and an audience', { target_audience: AUDIENCE }, 'invalid_scope', 'scope'],
    ['another subject', { sub: 'alice@example.test' }, 'unauthorized_client', 'unauthorized'],
  ])('refuses an assertion with %s', async (_, claims, error, description) => {
    await using google = await startGoogleTokenEndpoint();
    const key = await google.createKey();

    await expect(exchange(key, { scope: STORAGE, ...claims } as JWTPayload)).rejects.toMatchObject({
      error,
      error_description: expect.stringContaining(description),
    });
    expect(google.granted).toBe(0);
  });

  it('refuses what another key signed, what a deleted key signed, and what is no JWT', async () => {
    await using google = await startGoogleTokenEndpoint();
    const [key, other, deleted] = [await google.createKey(), await google.createKey('other'), await google.createKey()];
    google.deleteKey(deleted);

    const forged = { ...key, private_key: other.private_key };
    await expect(exchange(forged, { scope: STORAGE })).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(exchange(deleted, { scope: STORAGE })).rejects.toMatchObject({
      error_description: 'Invalid JWT Signature.',
    });
    expect((await request(key.token_uri, 'nonsense')).status).toBe(400);
    expect(await exchange(key, { scope: STORAGE })).toHaveProperty('access_token');
    expect(google.granted).toBe(1);
  });

  it('lets tokens end with their life, or all at once', async () => {
    await using google = await startGoogleTokenEndpoint();
    const key = await google.createKey();
    google.lifeSeconds = 3;
    const short = await exchange(key, { scope: STORAGE });
    google.lifeSeconds = 600;
    const long = await exchange(key, { scope: STORAGE });

    expect(google.activeToken(short.access_token)).toBeDefined();
    await sleep(3_100);
    expect(google.activeToken(short.access_token)).toBeUndefined();
    expect(google.activeToken(long.access_token)).toBeDefined();
    google.revokeAll();
    expect(google.activeToken(long.access_token)).toBeUndefined();
  });

  it('fails when told to, and journals it', async () => {
    await using google = await startGoogleTokenEndpoint();
    const key = await google.createKey();
    google.disturb(unavailable);

    await expect(exchange(key, { scope: STORAGE })).rejects.toMatchObject({ code: 'OAUTH_RESPONSE_IS_NOT_CONFORM' });

    expect(google.answers.entries).toMatchObject([{ status: 503 }]);
  });
});
