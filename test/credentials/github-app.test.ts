import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { Deadline } from '../../src/cache/deadline.ts';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import { githubApp } from '../../src/credentials/github-app.ts';
import type { RequestToInject } from '../../src/credentials/kind.ts';
import { UnfitRequestError } from '../../src/credentials/unfit-request-error.ts';
import { TokenLog } from '../../src/tokens/token-log.ts';
import { TokenStore } from '../../src/tokens/token-store.ts';
import type { TokenUse } from '../../src/tokens/token-use.ts';
import { type AppKeys, createAppKeys } from '../support/github/app-keys.ts';
import { type GitHub, startGitHub } from '../support/github/github.ts';
import { credential, request, version } from './support.ts';

let keys: AppKeys;
beforeAll(async () => {
  keys = await createAppKeys();
});

const secretOf = (fields: object = {}) => version(JSON.stringify({ app_id: 1, private_key: keys.pkcs1, ...fields }));

function needed(spec: object, given: Partial<RequestToInject>, fields: object = {}) {
  const step = credential('github_app', spec).prepare('prod/app', secretOf(fields));
  if (!('token' in step)) throw new Error('it needs no token');
  return step.token(request({ authority: 'api.github.com', ...given }));
}

const useOf = (spec: object, path: string, fields: object = {}): TokenUse => needed(spec, { path }, fields).use;
const keyOf = (spec: object, path: string, fields: object = {}) => {
  const { endpoint, purpose } = useOf(spec, path, fields);
  return `${endpoint} ${purpose}`;
};

const shop = '/repos/acme/shop';
const both = { repositories: ['acme/shop', 'acme/blog'], permissions: { contents: 'read', issues: 'write' } };

describe('what a token of a GitHub App is for', () => {
  it.each<[string, object, string]>([
    ['other repositories first', { ...both, repositories: ['acme/blog', 'acme/shop'] }, shop],
    ['other permissions first', { ...both, permissions: { issues: 'write', contents: 'read' } }, shop],
    ['capital letters', { ...both, repositories: ['Acme/Shop', 'acme/BLOG'] }, '/repos/ACME/shop'],
    ['a repository twice', { ...both, repositories: ['acme/shop', 'acme/blog', 'Acme/Shop'] }, shop],
    ['another path of the same owner', both, '/repos/acme/blog/issues?page=2'],
    ['the API named as it is by default', { ...both, api: 'https://api.github.com/' }, shop],
  ])('is the same with %s', (_, spec, path) => {
    expect(keyOf(spec, path)).toBe(keyOf(both, shop));
  });

  it.each<[string, object, string, object]>([
    ['another app', both, shop, { app_id: 2 }],
    ['an installation that is given', both, shop, { installation_id: 9 }],
    ['another API', { ...both, api: 'https://github.example.com/api/v3' }, shop, {}],
    ['fewer repositories', { ...both, repositories: ['acme/shop'] }, shop, {}],
    ['no repositories', { permissions: both.permissions }, shop, {}],
    ['fewer permissions', { ...both, permissions: { contents: 'read' } }, shop, {}],
    ['another level', { ...both, permissions: { contents: 'write', issues: 'write' } }, shop, {}],
    ['no permissions', { repositories: both.repositories }, shop, {}],
  ])('differs with %s', (_, spec, path, fields) => {
    expect(keyOf(spec, path, fields)).not.toBe(keyOf(both, shop));
  });

  it('differs between owners, and is for the repositories of the one owner alone', () => {
    const spec = { repositories: ['acme/shop', 'globex/shop', 'globex/tools'] };

    expect(useOf(spec, shop).purpose).toBe('github_app {"app":"1","owner":"acme","repositories":["shop"]}');
    expect(useOf(spec, '/repos/globex/tools').purpose).toBe(
      'github_app {"app":"1","owner":"globex","repositories":["shop","tools"]}',
    );
  });

  it('does not take a permission for a repository of the same name', () => {
    expect(keyOf({ repositories: ['acme/contents'] }, '/repos/acme/contents')).not.toBe(
      keyOf({ permissions: { contents: 'read' } }, '/repos/acme/contents'),
    );
  });

  it('does not depend on the path when the secret gives the installation', () => {
    const fields = { installation_id: '9' };

    expect(keyOf({}, '/rate_limit', fields)).toBe(keyOf({}, '/repos/globex/tools', fields));
  });

  it.each<[string, object, string]>([
    ['a path without an owner', {}, '/rate_limit'],
    ['GraphQL', {}, '/graphql'],
    ['an owner that is none', {}, '/repos/a%20b/c'],
    ['GraphQL with repositories of two owners', { repositories: ['acme/shop', 'globex/tools'] }, '/graphql'],
  ])('is not known for %s', (_, spec, path) => {
    expect(() => useOf(spec, path)).toThrow(UnfitRequestError);
    expect(() => useOf(spec, path)).toThrow(/installation_id/);
  });
});

describe('repositories of a GitHub App', () => {
  const refusal = (path: string, authority: string, spec: object = both) =>
    credential('github_app', spec).refusal?.(request({ authority, path }));

  it.each([
    ['api.github.com', '/repos/acme/shop'],
    ['api.github.com', '/repos/Acme/SHOP/git/ref/heads%2Fmain'],
    ['api.github.com', '/graphql'],
    ['github.com', '/acme/blog.git/info/refs?service=git-receive-pack'],
    ['github.com', '/acme/blog/info/lfs/objects/batch'],
  ])('let pass https://%s%s', (authority, path) => {
    expect(refusal(path, authority)).toBeUndefined();
  });

  it.each([
    ['api.github.com', '/repos/acme/other'],
    ['api.github.com', '/acme/shop'],
    ['api.github.com', '/repositories/1'],
    ['github.com', '/repos/acme/shop'],
    ['github.com', '/graphql'],
    ['github.com', '/acme/\xe2\x84\xaait.git/info/refs'],
    ['github.com', '/acme/shop.git/%'],
    ['github.com', 'acme/shop'],
    ['github.com', '*'],
  ])('refuse https://%s%s', (authority, path) => {
    expect(refusal(path, authority, { repositories: ['acme/shop', 'acme/kit'] })).toMatch(
      /for the repositories acme\/shop, acme\/kit alone/,
    );
  });

  it('let every path pass when there are none', () => {
    expect(refusal('//x/%2e%2e', 'github.com', {})).toBeUndefined();
  });
});

describe('a route that asks for github_app', () => {
  it.each<[object, RegExp]>([
    [{ repositories: [] }, /repositories/],
    [{ repositories: ['shop'] }, /is no repository/],
    [{ repositories: ['acme/shop/issues'] }, /is no repository/],
    [{ repositories: ['acme/*'] }, /is no repository/],
    [{ repositories: ['acme/..'] }, /is no repository/],
    [{ repositories: ['acme/shop.git'] }, /is no repository/],
    [{ repositories: ['https://github.com/acme/shop'] }, /is no repository/],
    [{ repositories: Array.from({ length: 501 }, (_, index) => `acme/r${index}`) }, /500/],
    [{ permissions: {} }, /names no permission/],
    [{ permissions: { contents: 'all' } }, /read, write or admin/],
    [{ permissions: { 'Contents!': 'read' } }, /permission/i],
    [{ api: 'http://github.example.com/api/v3' }, /plain text/],
    [{ api: 'github.example.com' }, /no URL/],
    [{ api: 'https://user:password@github.example.com' }, /a user/],
    [{ repository: 'acme/shop' }, /repository/],
  ])('is refused with %j', (spec, words) => {
    const { error } = githubApp.schema.safeParse(spec);

    expect(JSON.stringify(error?.issues)).toMatch(words);
  });
});

describe('the secret of a GitHub App', () => {
  const pem = (type: 'pkcs1' | 'pkcs8', modulusLength: number) =>
    generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type, format: 'pem' }).toString();
  const elliptic = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const prepared = (fields: object) => credential('github_app', {}).prepare('prod/app', secretOf(fields));

  it.each<[string, () => object]>([
    ['a key in PKCS#8', () => ({ private_key: keys.pkcs8 })],
    ['line breaks written as \\n', () => ({ private_key: keys.pkcs1.replaceAll('\n', '\\n') })],
    ['line breaks of Windows', () => ({ private_key: keys.pkcs1.replaceAll('\n', '\r\n') })],
    ['an app id as text', () => ({ app_id: '1' })],
    ['a client id', () => ({ app_id: 'Iv23abc' })],
    ['an empty installation_id', () => ({ installation_id: '' })],
  ])('is good with %s', (_, fields) => {
    expect(prepared(fields())).toHaveProperty('token');
  });

  it.each<[string, () => object, RegExp]>([
    ['no app id', () => ({ app_id: undefined }), /has no field app_id; add it to the secret/],
    ['no key', () => ({ private_key: undefined }), /has no field private_key/],
    ['a key that is none', () => ({ private_key: 'canary' }), /no private key in PEM/],
    ['half a key', () => ({ private_key: keys.pkcs1.slice(0, 800) }), /no private key in PEM/],
    ['a key of another kind', () => ({ private_key: elliptic() }), /no RSA key of at least 2048 bits/],
    ['a short key', () => ({ private_key: pem('pkcs1', 1_024) }), /no RSA key of at least 2048 bits/],
    ['an app id that is no text', () => ({ app_id: ['canary'] }), /the field app_id is no text/],
    ['an installation that is no number', () => ({ installation_id: '../canary' }), /installation_id is no number/],
  ])('is refused with %s, and says nothing of what it holds', (_, fields, words) => {
    const error = (() => {
      try {
        prepared(fields());
      } catch (caught) {
        return caught;
      }
    })() as CredentialError;

    expect(error).toBeInstanceOf(CredentialError);
    expect(error.message).toMatch(words);
    expect(error.message).toContain('prod/app');
    expect(error.message).not.toMatch(/canary|MII/);
  });

  it('is refused when it is no JSON object', () => {
    expect(() => credential('github_app', {}).prepare('prod/app', version(keys.pkcs1))).toThrow(/is no JSON object/);
  });
});

describe('a clock that differs from that of GitHub', () => {
  let github: GitHub;

  beforeAll(async () => {
    github = await startGitHub({ certificate: await (await createAuthority()).issue(['localhost']) });
    github.registry.register({ appId: 1, publicKeys: [keys.publicKey] });
    github.registry.install({ appId: 1, owner: 'acme', repositories: 'all', permissions: { contents: 'read' } });
  });
  afterAll(() => github?.stop());

  it.each([-50_000, 0, 300_000])('by %i ms changes nothing of how long a token is used', async (skew) => {
    github.settings.clockSkewMs = skew;
    const use = useOf({ api: `http://127.0.0.1:${github.plainPort}/api/v3` }, '/acme/shop');

    const { lifetime } = await use.mint({
      signal: AbortSignal.timeout(60_000),
      writeBack: { replace: () => Promise.reject(new Error('nothing is written here')) },
    });

    // An hour, up to a second more, and less what a request takes to arrive; renewed with ten minutes left.
    expect(lifetime.usableFor).toBeGreaterThan(3_600_000 - 8_000);
    expect(lifetime.usableFor).toBeLessThanOrEqual(3_601_000 - 5_000);
    expect(lifetime.freshFor).toBeGreaterThan(3_000_000 - 3_000);
    expect(lifetime.freshFor).toBeLessThanOrEqual(3_001_000);
  });
});

describe('owners that callers make up', () => {
  it('cost GitHub and the log a few calls and lines, and take nobody’s token away', async () => {
    await using github = await startGitHub({ certificate: await (await createAuthority()).issue(['localhost']) });
    github.registry.register({ appId: 1, publicKeys: [keys.publicKey] });
    for (const owner of ['acme', 'umbrella'])
      github.registry.install({ appId: 1, owner, repositories: 'all', permissions: { contents: 'read' } });
    const lines: unknown[] = [];
    const log = new TokenLog({ info: () => undefined, error: (line: unknown) => lines.push(line) } as never);
    const tokens = new TokenStore({
      writeBack: { replace: () => Promise.reject(new Error('nothing is written here')) },
      notify: (use, event) => log.token(use, event),
    });
    const step = credential('github_app', { api: `http://127.0.0.1:${github.plainPort}/api/v3` }).prepare(
      'prod/app',
      secretOf(),
    );
    if (!('token' in step)) throw new Error('it needs no token');
    const get = async (owner: string) => {
      const { use } = step.token(
        request({ authority: `127.0.0.1:${github.plainPort}`, path: `/api/v3/repos/${owner}/x` }),
      );
      return tokens.slot(use).get(use, new Deadline(30_000));
    };
    const real = await get('acme');
    const before = github.calls.entries.length;

    const refused = await Promise.allSettled(Array.from({ length: 1_200 }, (_, index) => get(`made-up-${index}`)));

    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    // Two looks for each of those few that were looked up at all.
    expect(github.calls.entries.length - before).toBeLessThanOrEqual(2 * 30);
    expect(lines.length).toBeLessThanOrEqual(10);
    expect(await get('acme')).toBe(real);
    expect(github.calls.entries.length - before).toBeLessThanOrEqual(2 * 30);
    tokens.close();
  });
});
