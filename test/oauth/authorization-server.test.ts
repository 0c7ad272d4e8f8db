import { decodeProtectedHeader } from 'jose';
import {
  allowInsecureRequests,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
  processRefreshTokenResponse,
  ResponseBodyError,
  refreshTokenGrantRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { describe, expect, it } from 'vitest';
import { startAuthorizationServer } from '../support/authorization-server/authorization-server.ts';
import { clientNames } from '../support/authorization-server/clients.ts';
import { internalError, oauthError, tooManyRequests, unavailable } from '../support/token-endpoint/fault.ts';
import { clientCredentials, refresh } from './support.ts';

const ORDERS = 'https://orders.example.test/';
const STOCK = 'https://stock.example.test/';

/** What a call was refused with, in the words of OAuth. */
async function refusal(call: Promise<unknown>): Promise<{ error: string; status: number }> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  // oauth4webapi looks no further than the challenge that a 401 to HTTP Basic comes with.
  if (thrown instanceof WWWAuthenticateChallengeError) {
    return { error: thrown.cause[0]?.parameters.error ?? '', status: thrown.status };
  }
  if (!(thrown instanceof ResponseBodyError)) throw new Error('it was not refused', { cause: thrown });
  return { error: thrown.error, status: thrown.status };
}

describe('the authorization server, by client credentials', () => {
  it.each(clientNames)('gives the client %s a token, and says how it authenticated', async (name) => {
    await using server = await startAuthorizationServer();
    const client = server.clients[name];

    const answer = await clientCredentials(server, client, { scope: 'read' });

    expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'read' });
    expect(await server.activeToken(answer.access_token)).toMatchObject({ clientId: client.id, scopes: ['read'] });
    expect(server.granted).toBe(1);
    expect(server.requests.entries).toMatchObject([
      {
        grantType: 'client_credentials',
        clientId: client.id,
        authentication: client.authentication,
        algorithm: 'algorithm' in client ? client.algorithm : undefined,
        scope: 'read',
      },
    ]);
  });

  it.each(clientNames)('refuses the old secret or key of the client %s once it was rotated', async (name) => {
    await using server = await startAuthorizationServer();
    const old = server.clients[name];
    await clientCredentials(server, old);

    const rotated = await server.rotate(name);

    expect(await refusal(clientCredentials(server, old))).toEqual({ error: 'invalid_client', status: 401 });
    expect(await clientCredentials(server, rotated)).toHaveProperty('access_token');
    expect(server.clients[name]).toBe(rotated);
    expect(server.answers.entries.map(({ status }) => status)).toEqual([200, 401, 200]);
  });

  it('takes its token URL for the audience of a client assertion, as it does its issuer', async () => {
    await using server = await startAuthorizationServer();
    const { es256 } = server.clients;

    expect(await clientCredentials(server, es256, {}, { issuer: server.tokenUrl })).toHaveProperty('access_token');
    const elsewhere = clientCredentials(server, es256, {}, { issuer: 'https://else.test' });
    expect(await refusal(elsewhere)).toEqual({ error: 'invalid_client', status: 401 });
  });

  it.each(['resource', 'audience'])('names the resource by `%s`, and the audience in the token', async (parameter) => {
    const resources = { [ORDERS]: { audience: 'orders', scopes: ['orders:read'] }, [STOCK]: {} };
    await using server = await startAuthorizationServer({ resources });
    const { basic } = server.clients;

    const orders = await clientCredentials(server, basic, { [parameter]: ORDERS, scope: 'orders:read' });
    const stock = await clientCredentials(server, basic, { [parameter]: STOCK });

    expect(await server.activeToken(orders.access_token)).toMatchObject({
      audience: 'orders',
      scopes: ['orders:read'],
    });
    expect(await server.activeToken(stock.access_token)).toMatchObject({ audience: STOCK });
  });

  it('refuses a resource that it does not know', async () => {
    await using server = await startAuthorizationServer();

    const call = clientCredentials(server, server.clients.basic, { resource: ORDERS });

    expect(await refusal(call)).toEqual({ error: 'invalid_target', status: 400 });
  });

  it('signs the tokens of a resource that wants JWTs', async () => {
    await using server = await startAuthorizationServer({ resources: { [ORDERS]: { format: 'jwt' } } });

    const { access_token } = await clientCredentials(server, server.clients.post, { resource: ORDERS, scope: 'write' });

    expect(decodeProtectedHeader(access_token)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(await server.activeToken(access_token)).toMatchObject({ audience: ORDERS, scopes: ['write'] });
    expect(await server.activeToken(`${access_token.slice(0, -4)}AAAA`)).toBeUndefined();
  });

  it.each(['opaque', 'jwt'] as const)('lets a token that is %s end with its life', async (format) => {
    await using server = await startAuthorizationServer({ lifeSeconds: 4, resources: { [ORDERS]: { format } } });

    const { access_token, expires_in } = await clientCredentials(server, server.clients.basic, { resource: ORDERS });

    expect(expires_in).toBe(4);
    expect(await server.activeToken(access_token)).toBeDefined();
    await expect.poll(() => server.activeToken(access_token)).toBeUndefined();
  });

  it.each(['opaque', 'jwt'] as const)('revokes one token or all, when they are %s', async (format) => {
    await using server = await startAuthorizationServer({ resources: { [ORDERS]: { format } } });
    const mint = async () => {
      const answer = await clientCredentials(server, server.clients.basic, { resource: ORDERS });
      return answer.access_token;
    };
    const [first, second] = [await mint(), await mint()];

    await server.revoke(first);
    expect(await server.activeToken(first)).toBeUndefined();
    expect(await server.activeToken(second)).toBeDefined();

    server.revokeAll();
    expect(await server.activeToken(second)).toBeUndefined();
    expect(await server.activeToken(await mint())).toBeDefined();
  });
});

describe('the authorization server, by refresh token', () => {
  it.each(clientNames)('gives the client %s one access token after the other', async (name) => {
    await using server = await startAuthorizationServer();
    const client = server.clients[name];
    const refreshToken = await server.issueRefreshToken(name);

    const first = await refresh(server, client, refreshToken);
    const second = await refresh(server, client, refreshToken, { scope: 'read' });

    expect([first.refresh_token, second.refresh_token]).toEqual([refreshToken, refreshToken]);
    expect(await server.activeToken(first.access_token)).toMatchObject({ scopes: ['read', 'write'] });
    expect(await server.activeToken(second.access_token)).toMatchObject({ clientId: client.id, scopes: ['read'] });
    expect(server.requests.entries[0]).toMatchObject({ grantType: 'refresh_token', refreshToken });
  });

  it('keeps to the resource that was granted', async () => {
    await using server = await startAuthorizationServer({ resources: { [ORDERS]: { format: 'jwt' } } });
    const refreshToken = await server.issueRefreshToken('basic', { resource: ORDERS });

    const { access_token } = await refresh(server, server.clients.basic, refreshToken);

    expect(await server.activeToken(access_token)).toMatchObject({ audience: ORDERS, scopes: ['read', 'write'] });
  });

  it('rotates it, and revokes everything when the old one is used again', async () => {
    await using server = await startAuthorizationServer({ rotateRefreshTokens: true });
    const { basic } = server.clients;
    const first = await server.issueRefreshToken('basic');

    const answer = await refresh(server, basic, first);
    const second = answer.refresh_token ?? '';
    expect(second).not.toBe(first);
    expect(await server.activeToken(answer.access_token)).toBeDefined();

    expect(await refusal(refresh(server, basic, first))).toEqual({ error: 'invalid_grant', status: 400 });
    expect(await refusal(refresh(server, basic, second))).toEqual({ error: 'invalid_grant', status: 400 });
    expect(await server.activeToken(answer.access_token)).toBeUndefined();
  });

  it('loses a rotated refresh token when the connection ends before the answer arrives', async () => {
    await using server = await startAuthorizationServer({ rotateRefreshTokens: true });
    const { basic } = server.clients;
    const refreshToken = await server.issueRefreshToken('basic');

    server.disturb('cut-after');
    await expect(refresh(server, basic, refreshToken)).rejects.toThrow('fetch failed');
    server.disturb(undefined);

    expect(server.answers.entries).toMatchObject([{ status: 200, delivered: false }]);
    expect(await refusal(refresh(server, basic, refreshToken))).toMatchObject({ error: 'invalid_grant' });
  });

  it('ends a grant with all that came of it', async () => {
    await using server = await startAuthorizationServer();
    const { basic } = server.clients;
    const refreshToken = await server.issueRefreshToken('basic');
    const { access_token } = await refresh(server, basic, refreshToken);

    await server.revoke(refreshToken);

    expect(await server.activeToken(access_token)).toBeUndefined();
    expect(await refusal(refresh(server, basic, refreshToken))).toMatchObject({ error: 'invalid_grant' });
  });

  it('sends an ID token along when the grant holds openid, which the client checks against the issuer', async () => {
    await using server = await startAuthorizationServer();
    const { basic } = server.clients;
    const refreshToken = await server.issueRefreshToken('basic', { scopes: ['openid', 'read'] });

    expect(await refresh(server, basic, refreshToken)).toHaveProperty('id_token');

    await expect(refresh(server, basic, refreshToken, {}, 'https://else.test')).rejects.toMatchObject({
      code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
    });
  });
});

describe('the authorization server, when told to fail', () => {
  it.each([
    ['an error of OAuth', oauthError('invalid_scope'), { name: 'ResponseBodyError', status: 400 }],
    ['too many requests', tooManyRequests(7), { name: 'ResponseBodyError', status: 429, error: 'slow_down' }],
    ['an internal error', internalError, { code: 'OAUTH_RESPONSE_IS_NOT_CONFORM' }],
    ['the page of a load balancer', unavailable, { code: 'OAUTH_RESPONSE_IS_NOT_CONFORM' }],
    ['a connection that is reset', 'cut', { cause: { code: 'ECONNRESET' } }],
    ['JSON without an access token', { alter: () => ({}) }, { code: 'OAUTH_INVALID_RESPONSE' }],
  ] as const)('answers with %s, and as usual afterwards', async (_, fault, seen) => {
    await using server = await startAuthorizationServer();
    const { basic } = server.clients;

    server.disturb(fault);
    await expect(clientCredentials(server, basic)).rejects.toMatchObject(seen);
    server.disturb(undefined);

    expect(await clientCredentials(server, basic)).toHaveProperty('access_token');
    expect(server.requests.entries).toHaveLength(2);
  });

  it('says when to come again', async () => {
    await using server = await startAuthorizationServer();
    server.disturb(tooManyRequests(7));

    const call = clientCredentials(server, server.clients.basic);

    const thrown = await call.catch((error: unknown) => error);
    expect(thrown instanceof ResponseBodyError && thrown.response.headers.get('retry-after')).toBe('7');
  });

  it('never answers, until the client gives up', async () => {
    await using server = await startAuthorizationServer();
    server.disturb('hang');

    const call = clientCredentials(server, server.clients.basic, {}, { signal: AbortSignal.timeout(200) });

    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(server.requests.entries).toHaveLength(1);
    expect(server.answers.entries).toHaveLength(0);
  });

  it('answers late, and only those that the test picks', async () => {
    await using server = await startAuthorizationServer();
    server.disturb(({ scope }) => (scope === 'write' ? { delayMs: 300 } : undefined));
    const timed = async (scope: string) => {
      const begun = performance.now();
      await clientCredentials(server, server.clients.post, { scope });
      return performance.now() - begun;
    };

    await timed('read');
    expect(await timed('write')).toBeGreaterThan(290);
    expect(await timed('read')).toBeLessThan(290);
  });
});

describe('oauth4webapi', () => {
  const answerOf = (body: object) => new Response(JSON.stringify(body), { headers: { 'content-type': 'text/plain' } });
  const process = (body: object) =>
    processClientCredentialsResponse({ issuer: 'https://a.test' }, { client_id: 'c' }, answerOf(body));

  it('reads a life given as text, and refuses an answer without token_type', async () => {
    const token = { access_token: 't', token_type: 'Bearer' };

    expect(await process({ ...token, expires_in: '3600' })).toMatchObject({ expires_in: 3_600, token_type: 'bearer' });
    expect(await process(token)).not.toHaveProperty('expires_in');
    await expect(process({ ...token, expires_in: 'soon' })).rejects.toMatchObject({ code: 'OAUTH_INVALID_RESPONSE' });
    await expect(process({ access_token: 't' })).rejects.toMatchObject({ code: 'OAUTH_INVALID_RESPONSE' });
  });

  it('repeats the beginning of what is no JSON in the cause of its error', async () => {
    const response = new Response('hidden-token', { headers: { 'content-type': 'application/json' } });

    const call = processClientCredentialsResponse({ issuer: 'https://a.test' }, { client_id: 'c' }, response);

    await expect(call).rejects.toMatchObject({
      message: expect.not.stringContaining('hidden'),
      cause: { message: expect.stringContaining('hidden') },
    });
  });

  it('carries the body of an odd answer, token and all, in the cause of its error and not in the message', async () => {
    const thrown = await process({ access_token: 'hidden', token_type: 'mac' }).catch((error: unknown) => error);

    expect(thrown).toMatchObject({ cause: { body: { access_token: 'hidden' } } });
    expect(String(thrown)).not.toContain('hidden');
  });

  it('hands the request to a fetch of our own, and refuses plain http unless allowed', async () => {
    const as = { issuer: 'http://127.0.0.1', token_endpoint: 'http://127.0.0.1/token' };
    const seen: { url: string; method: string; redirect: string; body: string }[] = [];
    const call = (insecure: boolean) =>
      clientCredentialsGrantRequest(as, { client_id: 'c' }, ClientSecretPost('s'), new URLSearchParams(), {
        [allowInsecureRequests]: insecure,
        [customFetch]: async (url, { method, redirect, body }) => {
          seen.push({ url, method, redirect, body: String(body) });
          return answerOf({});
        },
      });

    await call(true);
    await expect(call(false)).rejects.toMatchObject({ code: 'OAUTH_HTTP_REQUEST_FORBIDDEN' });
    expect(seen).toEqual([
      {
        url: 'http://127.0.0.1/token',
        method: 'POST',
        redirect: 'manual',
        body: 'grant_type=client_credentials&client_id=c&client_secret=s',
      },
    ]);
  });

  it('takes several resources for a refresh', async () => {
    await using server = await startAuthorizationServer({ resources: { [ORDERS]: {}, [STOCK]: {} } });
    const { post } = server.clients;
    const as = { issuer: server.issuer, token_endpoint: server.tokenUrl };

    const response = await refreshTokenGrantRequest(as, { client_id: post.id }, ClientSecretPost(post.secret), 'none', {
      [allowInsecureRequests]: true,
      additionalParameters: new URLSearchParams([
        ['resource', ORDERS],
        ['resource', STOCK],
      ]),
    });

    await expect(processRefreshTokenResponse(as, { client_id: post.id }, response)).rejects.toThrow(ResponseBodyError);
    expect(server.requests.entries[0]?.resources).toEqual([ORDERS, STOCK]);
  });
});
