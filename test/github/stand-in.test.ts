import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, createAuthority } from '../../local/certificates.ts';
import { type AppKeys, createAppKeys } from '../support/github/app-keys.ts';
import { badGateway, rateLimited, serverError } from '../support/github/fault.ts';
import { type GitHub, startGitHub } from '../support/github/github.ts';
import type { Installation, Repository } from '../support/github/registry.ts';
import { basic, call, getByHttp2, type Received, signJwt } from './support.ts';

let authority: Authority;
let keys: AppKeys;
let otherKeys: AppKeys;
let github: GitHub;
let acme: Installation;
let widgets: Repository;

beforeAll(async () => {
  authority = await createAuthority();
  [keys, otherKeys] = await Promise.all([createAppKeys(), createAppKeys()]);
});
beforeEach(async () => {
  github = await startGitHub({
    certificate: await authority.issue(['api.github.com', 'github.com', 'ghe.example.com', 'localhost', '127.0.0.1']),
  });
  github.registry.register({ appId: 12345, clientId: 'Iv23abc', slug: 'attache', publicKeys: [keys.publicKey] });
  github.registry.register({ appId: 777, publicKeys: [otherKeys.publicKey] });
  acme = github.registry.install({
    appId: 12345,
    owner: 'acme',
    repositories: ['widgets', 'gadgets'],
    permissions: { contents: 'write', issues: 'write' },
  });
  github.registry.install({
    appId: 12345,
    owner: 'mona',
    ownerType: 'User',
    repositories: 'all',
    permissions: { contents: 'read' },
  });
  widgets = await github.createRepository('acme/widgets');
  github.registry.add('acme', 'gadgets');
  github.registry.add('acme', 'secrets');
});
afterEach(() => github.stop());

const target = (host = 'api.github.com') => ({ port: github.port, ca: authority.certificate, host });
const now = () => Math.floor(Date.now() / 1000);
const jwt = (claims: Record<string, unknown> = {}, key = keys.pkcs8) => signJwt(key, { iss: '12345', ...claims });

async function asApp(line: string, body?: unknown, headers?: Record<string, string>): Promise<Received> {
  return call(target(), line, `Bearer ${await jwt()}`, body, headers);
}

const tokenLine = (id = acme.id) => `POST /app/installations/${id}/access_tokens`;

async function mint(body?: unknown): Promise<string> {
  const { status, json } = await asApp(tokenLine(), body);
  expect(status).toBe(201);
  return json.token;
}

const rest = (token: string, line: string, body?: unknown) => call(target(), line, `Bearer ${token}`, body);

describe('an app shows itself by a JWT', () => {
  test.each<[string, () => Promise<string>]>([
    ['with its id as text', () => jwt()],
    ['with its id as a number', () => jwt({ iss: 12345 })],
    ['with its client id', () => jwt({ iss: 'Iv23abc' })],
    ['signed by a key in PKCS#1', () => jwt({}, keys.pkcs1)],
    ['that lasts ten minutes', () => jwt({ exp: now() + 600 })],
  ])('%s: taken', async (_, make) => {
    const { status, json } = await call(target(), 'GET /app', `Bearer ${await make()}`);
    expect({ status, json }).toMatchObject({ status: 200, json: { id: 12345, slug: 'attache' } });
    expect(github.jwts.entries).toMatchObject([{ algorithm: 'RS256', refused: undefined }]);
  });

  test.each<[string, () => Promise<string>, number, RegExp]>([
    ['signed by another app', () => jwt({}, otherKeys.pkcs8), 401, /could not be decoded/],
    ['of an unknown app', () => jwt({ iss: '999' }), 404, /Integration not found/],
    ['that has expired', () => jwt({ exp: now() - 1 }), 401, /'exp'\) must be a numeric value/],
    ['without an end', () => jwt({ exp: undefined }), 401, /'exp'\) must be a numeric value/],
    ['that lasts eleven minutes', () => jwt({ exp: now() + 660 }), 401, /too far in the future/],
    ['issued in the future', () => jwt({ iat: now() + 30 }), 401, /'iat'\) must be an Integer/],
    ['with a fractional beginning', () => jwt({ iat: now() - 60.5 }), 401, /'iat'\) must be an Integer/],
    ['of RS512', () => signJwt(keys.pkcs8, { iss: '12345' }, { alg: 'RS512' }), 401, /could not be decoded/],
    ['of HS256', () => signJwt('x'.repeat(32), { iss: '12345' }, { alg: 'HS256' }), 401, /could not be decoded/],
    ['that is none', async () => 'ghs_token', 401, /could not be decoded/],
  ])('%s: refused', async (_, make, status, message) => {
    const answer = await call(target(), 'GET /app', `Bearer ${await make()}`);
    expect(answer).toMatchObject({ status, json: { message: expect.stringMatching(message), status: `${status}` } });
    expect(github.jwts.entries).toMatchObject([{ refused: expect.stringMatching(message) }]);
  });

  test('by its clock, not by ours', async () => {
    github.settings.clockSkewMs = -120_000;
    const answer = await asApp('GET /app');
    expect(answer).toMatchObject({ status: 401, json: { message: expect.stringContaining("'iat'") } });
    expect(Date.now() - Date.parse(answer.headers.date ?? '')).toBeGreaterThan(119_000);
  });

  test('after its key was replaced, by the new one only', async () => {
    const app = github.registry.app(12345);
    if (app !== undefined) app.publicKeys = [otherKeys.publicKey];
    expect(await call(target(), 'GET /app', `Bearer ${await jwt({}, otherKeys.pkcs8)}`)).toMatchObject({ status: 200 });
    expect(await asApp('GET /app')).toMatchObject({ status: 401 });
  });
});

describe('an app finds where it is installed', () => {
  test.each([
    ['/orgs/acme/installation', 200],
    ['/orgs/ACME/installation', 200],
    ['/orgs/mona/installation', 404],
    ['/orgs/nobody/installation', 404],
    ['/users/mona/installation', 200],
    ['/users/acme/installation', 200],
    ['/repos/acme/widgets/installation', 200],
    ['/repos/Acme/Widgets/installation', 200],
    ['/repos/acme/secrets/installation', 404],
  ])('GET %s: %i', async (path, status) => {
    expect(await asApp(`GET ${path}`)).toMatchObject({ status });
    expect(github.calls.entries).toMatchObject([{ operation: 'find-installation', status }]);
  });

  test('and gets its id, account and permissions', async () => {
    expect((await asApp('GET /orgs/acme/installation')).json).toMatchObject({
      id: acme.id,
      app_id: 12345,
      account: { login: 'acme', type: 'Organization' },
      permissions: { contents: 'write', metadata: 'read' },
      suspended_at: null,
    });
  });

  test('but not where another app is', async () => {
    const other = `Bearer ${await jwt({ iss: '777' }, otherKeys.pkcs8)}`;
    expect(await call(target(), 'GET /orgs/acme/installation', other)).toMatchObject({ status: 404 });
    expect(await call(target(), tokenLine(), other)).toMatchObject({ status: 404 });
    expect(github.mints.entries).toEqual([]);
  });
});

describe('a token is minted', () => {
  test('for everything that the installation has, unless asked otherwise', async () => {
    const before = Date.now();
    const { json } = await asApp(tokenLine());
    expect(json).toMatchObject({
      permissions: { contents: 'write', issues: 'write', metadata: 'read' },
      repository_selection: 'selected',
    });
    expect(json.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(json.expires_at) - before).toBeGreaterThanOrEqual(3_600_000);
    expect(Date.parse(json.expires_at) - before).toBeLessThan(3_605_000);
    expect(github.mints.entries).toMatchObject([
      { installationId: acme.id, repositories: ['acme/gadgets', 'acme/widgets'], asked: {}, host: 'api.github.com' },
    ]);
  });

  test('for exactly the repositories and permissions asked for', async () => {
    const asked = { repositories: ['Widgets'], permissions: { contents: 'read' } };
    const { json } = await asApp(tokenLine(), asked);
    expect(json).toMatchObject({ repository_selection: 'selected', repositories: [{ full_name: 'acme/widgets' }] });
    expect(json.permissions).toEqual({ contents: 'read', metadata: 'read' });
    expect(github.mints.entries).toMatchObject([{ asked, repositories: ['acme/widgets'] }]);
  });

  test('for repositories by their ids', async () => {
    await mint({ repository_ids: [widgets.id] });
    expect(github.mints.entries).toMatchObject([{ repositories: ['acme/widgets'] }]);
  });

  test.each<[string, unknown, number]>([
    ['a repository outside the installation', { repositories: ['secrets'] }, 422],
    ['a repository that is not there', { repositories: ['nothing'] }, 422],
    ['a repository with its owner', { repositories: ['acme/widgets'] }, 422],
    ['another id', { repository_ids: [1] }, 422],
    ['a wider permission', { permissions: { contents: 'admin' } }, 422],
    ['another permission', { permissions: { administration: 'read' } }, 422],
    ['a level that is none', { permissions: { contents: 'all' } }, 422],
    ['no repositories', { repositories: [] }, 422],
    ['no permissions', { permissions: {} }, 422],
    ['501 repositories', { repositories: Array(501).fill('widgets') }, 422],
    ['text', 'repositories', 400],
  ])('but not for %s', async (_, body, status) => {
    expect(await asApp(tokenLine(), body)).toMatchObject({ status, json: { status: `${status}` } });
    expect(github.mints.entries).toEqual([]);
  });

  test('in the long form, which looks like a JWT, or in the short one', async () => {
    expect(await mint()).toMatch(/^ghs_12345_[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await mint()).length).toBeGreaterThan(500);
    github.settings.tokenForm = 'short';
    expect(await mint()).toMatch(/^ghs_[A-Za-z0-9]{36}$/);
    const { json } = await asApp(tokenLine(), undefined, { 'x-github-stateless-s2s-token': 'enabled' });
    expect(json.token.length).toBeGreaterThan(500);
  });

  test('no more once the installation is suspended, removed or installed anew', async () => {
    const token = await mint();
    acme.suspended = true;
    expect(await asApp(tokenLine())).toMatchObject({ status: 403, json: { message: /suspended/ } });
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 403 });
    acme.suspended = false;
    const anew = github.registry.reinstall(acme.id);
    expect(anew.id).not.toBe(acme.id);
    expect(await asApp(tokenLine())).toMatchObject({ status: 404 });
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 401 });
    expect((await asApp('GET /orgs/acme/installation')).json.id).toBe(anew.id);
    expect(await asApp(tokenLine(anew.id))).toMatchObject({ status: 201 });
  });

  test('over plain http too', async () => {
    const answer = await fetch(
      `http://127.0.0.1:${github.plainPort}/api/v3/app/installations/${acme.id}/access_tokens`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${await jwt()}` },
      },
    );
    expect(answer.status).toBe(201);
    expect(github.calls.entries).toMatchObject([{ protocol: 'http', operation: 'create-token', host: '127.0.0.1' }]);
  });
});

describe('a token opens', () => {
  test.each<[string, string, unknown, number]>([
    ['its repository', 'GET /repos/acme/widgets', {}, 200],
    ['its repository, in any case', 'GET /repos/ACME/Widgets', {}, 200],
    ['its repository, however spelt', 'GET //repos/./acme/x/../%77idgets', {}, 200],
    ['a file', 'GET /repos/acme/widgets/contents/README.md', { contents: 'read' }, 200],
    ['no file that is not there', 'GET /repos/acme/widgets/contents/nothing', { contents: 'read' }, 404],
    ['no file without contents', 'GET /repos/acme/widgets/contents/README.md', { issues: 'read' }, 403],
    ['the issues', 'GET /repos/acme/widgets/issues', { issues: 'read' }, 200],
    ['no new issue without write', 'POST /repos/acme/widgets/issues', { issues: 'read' }, 403],
    ['a new issue', 'POST /repos/acme/widgets/issues', { issues: 'write' }, 201],
    ['no pull requests', 'GET /repos/acme/widgets/pulls', {}, 403],
    ['no other repository of the installation', 'GET /repos/acme/gadgets', {}, 404],
    ['no other repository of the owner', 'GET /repos/acme/secrets', {}, 404],
    ['no other repository, however spelt', 'GET /repos/acme/widgets/..%2fgadgets', {}, 404],
    ['no user', 'GET /user', {}, 403],
    ['nothing that an app does', 'GET /app', {}, 401],
  ])('%s', async (_, line, permissions, status) => {
    const some = Object.keys(permissions as object).length === 0 ? {} : { permissions };
    const token = await mint({ repositories: ['widgets'], ...some });
    const answer = await rest(token, line, line.startsWith('POST') ? { title: 'New' } : undefined);
    expect(answer.status).toBe(status);
    expect(github.calls.entries.at(-1)).toMatchObject({ status, mint: { token } });
  });

  test('its repository by id', async () => {
    const token = await mint({ repositories: ['widgets'] });
    expect((await rest(token, `GET /repositories/${widgets.id}`)).json.full_name).toBe('acme/widgets');
  });

  test('the content that git has', async () => {
    const { json } = await rest(await mint(), 'GET /repos/acme/widgets/contents/README.md');
    expect(Buffer.from(json.content, 'base64').toString()).toBe('# acme/widgets\n');
  });

  test('the list of its repositories, by REST and by GraphQL', async () => {
    const token = await mint({ repositories: ['widgets'] });
    const { json } = await rest(token, 'GET /installation/repositories');
    expect(json).toMatchObject({ total_count: 1, repositories: [{ full_name: 'acme/widgets' }] });
    expect(await rest(token, 'POST /graphql', { query: '{viewer{login}}' })).toMatchObject({
      status: 200,
      json: {
        data: { viewer: { login: 'attache[bot]', repositories: { nodes: [{ nameWithOwner: 'acme/widgets' }] } } },
      },
    });
  });

  test('GraphQL to nobody without one', async () => {
    expect(await call(target(), 'POST /graphql', undefined, { query: '{viewer{login}}' })).toMatchObject({
      status: 401,
    });
    expect(await rest('ghs_made-up', 'POST /graphql', { query: '{viewer{login}}' })).toMatchObject({ status: 401 });
  });

  test('as Bearer and as token, not as Basic', async () => {
    const token = await mint();
    expect(await call(target(), 'GET /repos/acme/widgets', `token ${token}`)).toMatchObject({ status: 200 });
    expect(await call(target(), 'GET /repos/acme/widgets', basic(token))).toMatchObject({ status: 401 });
  });

  test('over HTTP/2', async () => {
    expect(await getByHttp2(target(), '/repos/acme/widgets', `Bearer ${await mint()}`)).toBe(200);
    expect(github.calls.entries.at(-1)).toMatchObject({ httpVersion: '2.0', status: 200 });
  });

  test.each(['ghe.example.com', 'localhost', '127.0.0.1'])('an Enterprise Server, %s', async (host) => {
    const token = `Bearer ${await mint()}`;
    expect(await call(target(host), 'GET /api/v3/repos/acme/widgets', token)).toMatchObject({ status: 200 });
    expect(await call(target(host), 'POST /api/graphql', token, { query: '{viewer{login}}' })).toMatchObject({
      status: 200,
    });
    expect(await call(target(host), 'GET /repos/acme/widgets', token)).toMatchObject({ status: 404 });
  });

  test('nothing after its end', async () => {
    github.settings.tokenLifeMs = 50;
    const token = await mint();
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 200 });
    await sleep(Number(github.mints.entries[0]?.expiresAt) - Date.now() + 5);
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 401 });
  });

  test('nothing once it is revoked, by its holder or by GitHub', async () => {
    const [one, two, three] = [await mint(), await mint(), await mint()];
    expect(await rest(one, 'DELETE /installation/token')).toMatchObject({ status: 204 });
    github.tokens.revoke(two);
    expect(await rest(one, 'GET /repos/acme/widgets')).toMatchObject({ status: 401 });
    expect(await rest(two, 'GET /repos/acme/widgets')).toMatchObject({ status: 401 });
    expect(await rest(three, 'GET /repos/acme/widgets')).toMatchObject({ status: 200 });
    github.tokens.revokeAll();
    expect(await rest(three, 'GET /repos/acme/widgets')).toMatchObject({ status: 401 });
  });

  test('repositories that join or leave the installation later', async () => {
    const token = await mint();
    acme.repositories = ['secrets'];
    expect(await rest(token, 'GET /repos/acme/secrets')).toMatchObject({ status: 200 });
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 404 });
  });
});

describe('trouble', () => {
  test('a new token is unknown for its first uses', async () => {
    github.settings.replicationLag = { uses: 2 };
    const token = await mint();
    const statuses = [];
    for (let use = 0; use < 3; use += 1) statuses.push((await rest(token, 'GET /repos/acme/widgets')).status);
    expect(statuses).toEqual([401, 401, 200]);
  });

  test('a new token is unknown for a while', async () => {
    github.settings.replicationLag = { ms: 300 };
    const token = await mint();
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 401 });
    await sleep(310);
    expect(await rest(token, 'GET /repos/acme/widgets')).toMatchObject({ status: 200 });
  });

  test.each([
    [serverError, { status: 500 }],
    [badGateway, { status: 502, headers: { 'content-type': 'text/html' }, json: undefined }],
    [rateLimited(429, 7), { status: 429, headers: { 'retry-after': '7' } }],
    [rateLimited(403), { status: 403 }],
  ])('the token endpoint answers %j', async (fault, expected) => {
    github.disturb(({ operation }) => (operation === 'create-token' ? fault : undefined));
    expect(await asApp(tokenLine())).toMatchObject(expected);
    expect(await asApp('GET /app')).toMatchObject({ status: 200 });
    expect(github.mints.entries).toEqual([]);
    github.disturb(undefined);
    await mint();
  });

  test('the token endpoint is slow', async () => {
    github.disturb(() => ({ delayMs: 200 }));
    const before = performance.now();
    await mint();
    expect(performance.now() - before).toBeGreaterThan(195);
  });

  test('the token endpoint hangs', async () => {
    github.disturb(() => 'hang');
    const first = await Promise.race([asApp(tokenLine()).catch(() => 'cut'), sleep(200).then(() => 'nothing')]);
    expect(first).toBe('nothing');
    expect(github.calls.entries).toMatchObject([{ operation: 'create-token', status: 0 }]);
  });

  test('the connection is cut', async () => {
    github.disturb(() => 'cut');
    await expect(asApp(tokenLine())).rejects.toThrow(/hang up|ECONNRESET/);
    await expect(getByHttp2(target(), '/app', 'Bearer none')).rejects.toThrow();
  });
});
