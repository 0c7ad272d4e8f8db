import { request } from 'node:https';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Authority, createAuthority } from '../../local/certificates.ts';
import { startUpstream, type Upstream, upstreamNames } from '../../local/upstream-server.ts';

let authority: Authority;
let upstream: Upstream;

beforeAll(async () => {
  authority = await createAuthority();
  upstream = await startUpstream({
    certificate: await authority.issue([...upstreamNames, 'api.example.com']),
    hosts: { 'api.example.com': (_headers, path) => /^\/bot([^/]+)/.exec(path)?.[1] },
  });
});
afterAll(() => upstream.stop());

beforeEach(() => {
  upstream.accept('stripe', 'sk_current');
  upstream.accept('openai', 'sk-current');
  upstream.accept('anthropic', 'ant-current');
  upstream.accept('api.example.com', 'token');
  upstream.answerWith(undefined);
  upstream.requests.clear();
});

/** The status of a GET, over TLS with the name checked. */
function get(host: string, headers: Record<string, string> = {}, path = '/'): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: upstream.port,
        servername: host,
        ca: authority.certificate,
        path,
        headers: { host, ...headers },
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    )
      .once('error', reject)
      .end();
  });
}

const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` });

test.each([
  ['api.stripe.com', basic('sk_current:'), '/', 200],
  ['api.stripe.com', basic('sk_current:password'), '/', 401],
  ['api.stripe.com', { authorization: 'Bearer sk_current' }, '/', 401],
  ['api.stripe.com', {}, '/', 401],
  ['api.openai.com', { authorization: 'Bearer sk-current' }, '/', 200],
  ['api.openai.com', { authorization: 'Bearer sk-old' }, '/', 401],
  ['api.openai.com', { 'x-api-key': 'sk-current' }, '/', 401],
  ['api.anthropic.com', { 'x-api-key': 'ant-current' }, '/', 200],
  ['api.anthropic.com', { authorization: 'Bearer ant-current' }, '/', 401],
  ['api.example.com', {}, '/bottoken/send', 200],
  ['api.example.com', {}, '/botother/send', 401],
  ['localhost', {}, '/', 404],
])('%s with %j at %s: %i', async (host, headers, path, status) => {
  expect(await get(host, headers, path)).toBe(status);
  expect(upstream.requests.entries).toMatchObject([{ host, path, status }]);
});

test('the keys can change while it runs, also to several and to none', async () => {
  upstream.accept('openai', 'sk-current', 'sk-next');
  expect(await get('api.openai.com', { authorization: 'Bearer sk-next' })).toBe(200);
  upstream.accept('openai', 'sk-next');
  expect(await get('api.openai.com', { authorization: 'Bearer sk-current' })).toBe(401);
  upstream.accept('openai');
  expect(await get('api.openai.com', { authorization: 'Bearer sk-next' })).toBe(401);
});

test('a test can answer itself', async () => {
  upstream.answerWith(({ path }) => (path === '/teapot' ? { status: 418 } : undefined));
  expect(await get('api.openai.com', {}, '/teapot')).toBe(418);
  expect(await get('api.openai.com', {}, '/')).toBe(401);
});

test('its certificate is good for its own hosts only', async () => {
  await expect(get('api.other.com')).rejects.toThrow(/does not match certificate/);
});
