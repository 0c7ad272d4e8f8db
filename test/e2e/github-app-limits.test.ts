import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAppKeys } from '../support/github/app-keys.ts';
import type { GitHub } from '../support/github/github.ts';
import { type GitHubStack, startGitHubStack } from './support/github-stack.ts';

const APP = 4_711;

/** Bytes of UTF-8 as Node writes a path: one character a byte. */
const raw = (text: string) => Buffer.from(text).toString('latin1');

/**
 * Paths of REST below its root that are of another repository than acme/kit, or could be taken for one of another. The app may
 * read them all, so that only the path stands in the way.
 */
const otherRepositories: readonly string[] = [
  '/repos/acme/secrets',
  '/repos/acme/secrets/contents/README.md',
  '/repos/ACME/Secrets',
  '/repos/acme/kit2',
  '/repos/acme/ki',
  '/repos/acme/kit-2/issues',
  '/repos/acme/kit.git',
  '/repos/acme/kit.',
  '/repos/acme/.kit',
  '/repos/acme/kit%20',
  '/repos/acme/kit;a=1',
  '/repos/acme/kit%3Fsecrets',
  '/repos/acme/kit%23secrets',
  '/repos/acme2/kit',
  '/repos/globex/kit',
  '/repos/acm/kit',
  '/repos/acme%2Fkit',
  '/repos/acme%2fsecrets',
  '/repos/acme%2Fkit/secrets',
  '/repos/acme/kit%2F..%2Fsecrets',
  '/repos/acme/kit%2f%2e%2e%2fsecrets',
  '/repos/acme/kit/..%2Fsecrets',
  '/repos/acme/kit/%2e%2e%2fsecrets',
  '/repos/acme/kit/..%2f..%2fglobex%2Fkit',
  '/repos/acme/kit/../secrets',
  '/repos/acme/kit/%2e%2e/secrets',
  '/repos/acme/kit/.%2E/secrets',
  '/repos/acme/kit/contents/../../secrets',
  '/repos/acme/kit/contents/%2e%2e/%2e%2e/secrets',
  '/repos/acme/kit/%252e%252e/secrets',
  '/repos/acme/kit/..%5csecrets',
  '/repos/acme/kit%5C..%5Csecrets',
  '/repos/acme/kit/..;/secrets',
  '/repos//acme/kit',
  '/repos/acme//kit',
  '/repos/acme//secrets',
  '//repos/acme/kit',
  '//repos/acme/secrets',
  '/repos/./acme/secrets',
  '/repos/acme/./secrets',
  '/repos/acme/%2e/secrets',
  '/repos/acme/x/../secrets',
  '/repos/acme/%73ecrets',
  '/repos/%61cme/secrets',
  '/%72epos/acme/secrets',
  `/repos/acme/${encodeURIComponent('\u212Ait')}`,
  `/repos/acme/${encodeURIComponent('ｋｉｔ')}`,
  `/repos/acme/kit/${encodeURIComponent('．．')}/secrets`,
  `/repos/acme/kit/${encodeURIComponent('..／secrets')}`,
  '/repos/acme/kit/%c0%ae%c0%ae/secrets',
  '/repos/acme/kit/%u002e%u002e/secrets',
  '/repos/acme/kit/%zz',
  '/repos/acme',
  '/repos/acme/',
  '/repos/',
  '/repositories/1',
  '/repositories/51000001/issues',
  '/installation/repositories',
  '/installation/token',
  '/orgs/acme/repos',
  '/orgs/acme/kit',
  '/users/acme/kit',
  '/user/repos',
  '/search/code?q=repo:acme/kit',
  '/acme/kit',
  '/graphql/',
  '/graphql/repos/acme/secrets',
  '/',
];

/** Paths of REST that are of acme/kit once Envoy has resolved their dots. */
const ownPaths: readonly string[] = [
  '/repos/acme/kit',
  '/repos/acme/kit/',
  '/repos/ACME/Kit',
  '/repos/acme/k%69t',
  '/repos/acme/kit?q=../secrets',
  '/repos/acme/kit/contents/README.md?ref=feature/login',
  '/repos/acme/kit/branches/feature%2Flogin',
  '/repos/acme/kit/git/ref/heads%2Ffeature%2flogin',
  '/repos/acme/kit/compare/main...feature%2Flogin',
  '/repos/acme/kit/contents/.github/workflows/build.yml',
  `/repos/acme/kit/contents/${encodeURIComponent('Grüße & Küsse?')}`,
  '/repos/acme/kit/contents/a%23b%3Bc',
  '/repos/acme/secrets/../kit/issues',
  '/repos/acme/kit//../secrets',
];

/** Paths that Envoy itself does not take. */
const noPaths = [
  '/repos/acme/kit%00',
  raw('/repos/acme/\u212Ait'),
  raw('/repos/acme/kit\u200B'),
  '/acme/kit%00.git/info/refs',
];

/** The same for git. */
const otherGitPaths: readonly string[] = [
  '/acme/secrets',
  '/acme/secrets.git',
  '/acme/SECRETS.GIT',
  '/globex/kit.git',
  '/acme/kit2.git',
  '/acme/kit.wiki.git',
  '/acme/kit.git.git',
  '/acme/.git',
  '/acme/kit.git/../secrets.git',
  '/acme/kit.git/%2e%2e/secrets.git',
  '/acme/kit.git%2F..%2Fsecrets.git',
  '/acme/kit.git/..%2Fsecrets.git',
  '/acme//secrets.git',
  '//acme/secrets.git',
  '//acme/kit.git',
  '/acme%2Fsecrets.git',
  '/acme%2Fkit.git',
  '/acme/%73ecrets.git',
  '/acme/kit.git%5c..%5csecrets.git',
  `/acme/${encodeURIComponent('\u212Ait.git')}`,
  '/./acme/secrets.git',
  '/x/../acme/secrets.git',
  '/repos/acme/kit.git',
  '/acme',
];
const ownGitPaths = ['/acme/kit.git', '/acme/kit', '/ACME/Kit.git', '/acme/%6bit.git', '/acme/secrets/../kit.git'];

const service = '/info/refs?service=git-upload-pack';

let stack: GitHubStack;

beforeAll(async () => {
  const keys = await createAppKeys();
  const app = { repositories: ['acme/Kit'], permissions: { contents: 'read', issues: 'read' } };
  const secret = 'github/app';
  stack = await startGitHubStack(
    [
      { name: 'api', host: 'api.github.com', secret, app },
      { name: 'git', host: 'github.com', secret, app },
      { name: 'enterprise', host: 'enterprise', secret, app },
    ],
    { [secret]: { app_id: APP, private_key: keys.pkcs1 } },
  );
  for (const github of [stack.github, stack.enterprise]) {
    github.registry.register({ appId: APP, publicKeys: [keys.publicKey] });
    for (const owner of ['acme', 'globex']) {
      github.registry.install({
        appId: APP,
        owner,
        repositories: 'all',
        permissions: { contents: 'write', issues: 'write' },
      });
      await github.createRepository(`${owner}/kit`);
    }
    await github.createRepository('acme/secrets');
    await github.createRepository('acme/kit2');
  }
});
afterAll(() => stack?.[Symbol.asyncDispose]());
beforeEach(() => {
  for (const github of [stack.github, stack.enterprise]) github.calls.clear();
});

/** The calls that came through Envoy. */
const arrived = (github: GitHub) =>
  github.calls.entries.filter(
    ({ operation }) => operation === 'rest' || operation === 'git' || operation === 'graphql',
  );

/** What became of a path that must not pass: whether it reached GitHub, and how it was answered. */
async function refused(name: string, path: string) {
  const before = arrived(stack.github).length + arrived(stack.enterprise).length;
  const reply = await stack.ask(name, path);
  const after = arrived(stack.github).length + arrived(stack.enterprise).length;
  return { path, status: reply.status, code: reply.headers['x-attache-error'], arrived: after - before };
}

const isRefused = (path: string) => ({ path, status: 403, code: 'request_not_allowed', arrived: 0 });

describe('repositories: [acme/Kit]', () => {
  it.each([
    ['REST', 'api', otherRepositories],
    ['git', 'git', otherGitPaths.map((path) => path + service)],
    ['REST of GitHub Enterprise Server', 'enterprise', otherRepositories.map((path) => `/api/v3${path}`)],
    ['git of GitHub Enterprise Server', 'enterprise', otherGitPaths.map((path) => path + service)],
    [
      'GitHub Enterprise Server beside its API',
      'enterprise',
      [
        '/api/repos/acme/kit',
        '/api/v3',
        '/api//v3/repos/acme/kit',
        '/api/v3/../v3//repos/acme/kit',
        '/api/v4/repos/acme/kit',
        '/api/graphql/x',
        '/repos/acme/kit',
        '/API/v3/repos/acme/secrets',
      ],
    ],
  ])('lets no path of another repository pass: %s', async (_, name, paths) => {
    const outcomes = [];
    for (const path of paths) outcomes.push(await refused(name, path));

    expect(outcomes).toEqual(paths.map(isRefused));
  });

  it.each([
    ['REST', 'api', ownPaths],
    ['git', 'git', ownGitPaths.map((path) => path + service)],
    ['REST of GitHub Enterprise Server', 'enterprise', ownPaths.map((path) => `/api/v3${path}`)],
    ['git of GitHub Enterprise Server', 'enterprise', ownGitPaths.map((path) => path + service)],
  ])('lets the paths of its own pass: %s', async (_, name, paths) => {
    const statuses = [];
    for (const path of paths) statuses.push((await stack.ask(name, path)).status);

    // What the stand-in does not know it says itself.
    expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([]);
    expect(statuses[0]).toBe(200);
    const calls = arrived(name === 'enterprise' ? stack.enterprise : stack.github);
    expect(calls).toHaveLength(paths.length);
    expect(new Set(calls.flatMap(({ mint }) => mint?.repositories ?? ['none']))).toEqual(new Set(['acme/kit']));
  });

  it.each(['api', 'git', 'enterprise'])('does not see a path that is none (%s)', async (name) => {
    const outcomes = [];
    for (const path of noPaths) outcomes.push(await refused(name, path));

    expect(outcomes).toEqual(noPaths.map((path) => ({ path, status: 400, code: 'bad_request', arrived: 0 })));
  });

  it.each([
    ['api', '/graphql'],
    ['enterprise', '/api/graphql'],
  ])('lets GraphQL pass, whose token opens no other repository (%s)', async (name, path) => {
    const reply = await stack.ask(name, path, { body: '{"query":"{ viewer { login } }"}' });

    expect(reply.json()).toMatchObject({
      data: { viewer: { repositories: { nodes: [{ nameWithOwner: 'acme/kit' }] } } },
    });
  });

  it('asks for a token for the one repository alone', () => {
    const mints = [...stack.github.mints.entries, ...stack.enterprise.mints.entries];

    expect(new Set(mints.map(({ asked }) => String(asked.repositories)))).toEqual(new Set(mints.map(() => 'kit')));
  });
});
