import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AppKeys, createAppKeys } from '../support/github/app-keys.ts';
import { gitEnvironment } from '../support/github/bare-repositories.ts';
import type { GitHub } from '../support/github/github.ts';
import type { Permissions } from '../support/github/permissions.ts';
import type { Installation } from '../support/github/registry.ts';
import { type GitHubStack, startGitHubStack } from './support/github-stack.ts';

/** The same app id and the same installation id at two GitHubs, which know nothing of each other. */
const APP = 4_711;
const SAME_ID = 77;

let stack: GitHubStack;
let github: GitHub;
let keys: AppKeys;
let otherKeys: AppKeys;
let names = 0;

const write: Permissions = { contents: 'write', issues: 'write' };

beforeAll(async () => {
  [keys, otherKeys] = await Promise.all([createAppKeys(), createAppKeys()]);
  stack = await startGitHubStack(
    [
      { name: 'github', host: 'github.com', secret: 'github/app' },
      { name: 'api', host: 'api.github.com', secret: 'github/app' },
      { name: 'reader', host: 'github.com', secret: 'github/app', app: { permissions: { contents: 'read' } } },
      {
        name: 'two',
        host: 'api.github.com',
        secret: 'github/app',
        app: { repositories: ['Acme/Widgets', 'acme/gadgets'], permissions: { issues: 'read', contents: 'read' } },
      },
      { name: 'pkcs8', host: 'api.github.com', secret: 'github/pkcs8' },
      { name: 'given', host: 'api.github.com', secret: 'github/given' },
      { name: 'gone', host: 'api.github.com', secret: 'github/gone' },
      { name: 'other', host: 'api.github.com', secret: 'github/other' },
      { name: 'plain', host: 'github.com', secret: 'github/app', plain: true },
      { name: 'same', host: 'api.github.com', secret: 'github/same' },
      { name: 'enterprise', host: 'enterprise', secret: 'github/same' },
      { name: 'quiet', host: 'enterprise', secret: 'github/app' },
    ],
    {
      'github/app': { app_id: APP, private_key: keys.pkcs1 },
      'github/pkcs8': { app_id: String(APP), private_key: keys.pkcs8 },
      'github/given': { app_id: APP, private_key: keys.pkcs1, installation_id: SAME_ID },
      'github/same': { app_id: APP, private_key: keys.pkcs1, installation_id: SAME_ID },
      'github/gone': { app_id: APP, private_key: keys.pkcs1, installation_id: 404_404 },
      'github/other': { app_id: 815, private_key: otherKeys.pkcs1 },
    },
  );
  github = stack.github;
  for (const one of [github, stack.enterprise]) {
    one.registry.register({ appId: APP, slug: 'attache', publicKeys: [keys.publicKey] });
    one.registry.install({ id: SAME_ID, appId: APP, owner: 'acme', repositories: 'all', permissions: write });
    await one.createRepository('acme/widgets');
  }
  github.registry.register({ appId: 815, slug: 'other', publicKeys: [otherKeys.publicKey] });
  await github.createRepository('acme/gadgets');
  await github.createRepository('acme/unasked');
});
afterAll(() => stack?.[Symbol.asyncDispose]());
beforeEach(() => {
  for (const one of [github, stack.enterprise]) {
    one.calls.clear();
    one.mints.clear();
  }
});

/** An owner that nobody has asked about yet, with a repository `widgets`. */
async function newOwner(
  more: { readonly appId?: number; readonly ownerType?: Installation['ownerType'] } = {},
): Promise<Installation> {
  names += 1;
  const owner = `owner-${names}`;
  await github.createRepository(`${owner}/widgets`);
  return github.registry.install({ appId: APP, owner, repositories: 'all', permissions: write, ...more });
}

/** Plain git, which holds no credential and knows no more than where Envoy is. */
async function git(...args: string[]): Promise<string> {
  const proxy = ['-c', `http.proxy=http://127.0.0.1:${stack.stack.port}`];
  const { stdout } = await promisify(execFile)('git', [...proxy, ...args], { env: gitEnvironment, timeout: 120_000 });
  return stdout.trim();
}

const newFolder = () => {
  names += 1;
  return join(stack.folder, `clone-${names}`);
};
const seen = (operation: string) => github.calls.entries.filter((call) => call.operation === operation);

describe('plain git', () => {
  it('clones a private repository, fetches and pushes a few megabytes, with no credential of its own', async () => {
    const { owner } = await newOwner();
    const folder = newFolder();
    const url = `http://github.int/${owner}/widgets.git`;
    const repository = github.registry.repository(owner, 'widgets');
    if (repository === undefined) throw new Error('no repository');

    await git('clone', '--quiet', url, folder);
    await writeFile(join(folder, 'large'), randomBytes(4_000_000));
    await git('-C', folder, 'add', '.');
    await git('-C', folder, 'commit', '--quiet', '-m', 'Large');
    await git('-C', folder, 'push', '--quiet', 'origin', 'main');
    const other = newFolder();
    await git('clone', '--quiet', url.replace('.git', ''), other);
    await git('-C', folder, 'commit', '--quiet', '--allow-empty', '-m', 'Later');
    await git('-C', folder, 'push', '--quiet', 'origin', 'main');
    await git('-C', other, 'fetch', '--quiet');

    expect((await readFile(join(other, 'large'))).equals(await readFile(join(folder, 'large')))).toBe(true);
    expect(await git('-C', other, 'log', '-1', '--format=%s', 'origin/main')).toBe('Later');
    expect(await github.git(repository, 'rev-list', '--count', 'main')).toBe('3');
    expect(github.mints.entries).toHaveLength(1);
    const calls = seen('git');
    expect(calls.map(({ status }) => status)).toEqual(calls.map(() => 200));
    expect(calls.map(({ credential }) => credential)).toEqual(
      calls.map(() => ({ scheme: 'basic', user: 'x-access-token', secret: github.mints.entries[0]?.token })),
    );
  });

  it('reads but does not write with a token for reading', async () => {
    const { owner } = await newOwner();
    const folder = newFolder();
    await git('clone', '--quiet', `http://reader.int/${owner}/widgets.git`, folder);
    await git('-C', folder, 'commit', '--quiet', '--allow-empty', '-m', 'No');

    await expect(git('-C', folder, 'push', '--quiet', 'origin', 'main')).rejects.toThrow('403');

    expect(github.mints.entries.map(({ asked }) => asked)).toEqual([{ permissions: { contents: 'read' } }]);
  });

  it('gets a token over plain http on loopback', async () => {
    const { owner } = await newOwner();

    await git('clone', '--quiet', `http://plain.int/${owner}/widgets.git`, newFolder());

    expect(seen('create-token').map(({ protocol, host }) => [protocol, host])).toEqual([['http', '127.0.0.1']]);
  });
});

describe('the API', () => {
  it('takes REST and GraphQL with a bearer token', async () => {
    const read = await stack.ask('given', '/repos/acme/widgets/contents/README.md');
    const wrote = await stack.ask('given', '/repos/acme/widgets/issues', { body: '{"title":"Broken"}' });
    const asked = await stack.ask('given', '/graphql', { body: '{"query":"{ viewer { login } }"}' });

    expect([read.status, wrote.status, asked.status]).toEqual([200, 201, 200]);
    expect(asked.json()).toMatchObject({ data: { viewer: { login: 'attache[bot]' } } });
    const calls = [...seen('rest'), ...seen('graphql')];
    expect(calls.map(({ credential }) => credential?.scheme)).toEqual(['bearer', 'bearer', 'bearer']);
  });

  it("never sees the caller's own credentials", async () => {
    const { owner } = await newOwner();

    const reply = await stack.ask('api', `/repos/${owner}/widgets`, {
      headers: { authorization: 'Bearer ghp_mine', cookie: 'user_session=mine', 'x-api-key': 'mine' },
    });

    expect(reply.status).toBe(200);
    expect(seen('rest')).toHaveLength(1);
    expect(JSON.stringify(github.calls.entries.map(({ headers }) => headers))).not.toContain('mine');
  });

  it('refuses a path that names no owner when it is not known whose installation is meant', async () => {
    const reply = await stack.ask('api', '/rate_limit');

    expect(reply.status).toBe(403);
    expect(reply.json()).toMatchObject({
      error: { code: 'request_not_allowed', message: expect.stringContaining('installation_id') },
    });
    expect(github.calls.entries).toEqual([]);
  });
});

describe('a token', () => {
  it('is for exactly the repositories and permissions that are asked for', async () => {
    const allowed = await stack.ask('two', '/repos/acme/gadgets/issues');
    const tooMuch = await stack.ask('two', '/repos/acme/widgets/issues', { body: '{"title":"No"}' });

    expect([allowed.status, tooMuch.status]).toEqual([200, 403]);
    expect(tooMuch.headers).toHaveProperty('x-accepted-github-permissions', 'issues=write');
    expect(github.mints.entries).toMatchObject([
      {
        asked: { repositories: ['gadgets', 'widgets'], permissions: { contents: 'read', issues: 'read' } },
        repositories: ['acme/gadgets', 'acme/widgets'],
        permissions: { contents: 'read', issues: 'read', metadata: 'read' },
      },
    ]);
  });

  it('is for all that the installation has when nothing is asked for', async () => {
    const { owner } = await newOwner();

    await stack.ask('api', `/repos/${owner}/widgets`);

    expect(github.mints.entries).toMatchObject([{ asked: {}, repositories: [`${owner}/widgets`], permissions: write }]);
  });

  it('is got with a key in PKCS#8, and an app id that is a text', async () => {
    const { owner } = await newOwner();

    expect((await stack.ask('pkcs8', `/repos/${owner}/widgets`)).status).toBe(200);
    expect(github.jwts.entries.at(-1)).toMatchObject({ algorithm: 'RS256', claims: { iss: String(APP) } });
  });

  it('of the short form is sent as it is', async () => {
    const { owner } = await newOwner();
    github.settings.tokenForm = 'short';

    const reply = await stack.ask('api', `/repos/${owner}/widgets`);
    github.settings.tokenForm = 'long';

    expect(reply.status).toBe(200);
    expect(github.mints.entries[0]?.token).toHaveLength(40);
  });

  it('is never that of another app or another GitHub, also when all ask at once', async () => {
    const owner = 'shared-by-two';
    await github.createRepository(`${owner}/widgets`);
    for (const appId of [APP, 815]) {
      github.registry.install({ appId, owner, repositories: 'all', permissions: { contents: 'read' } });
    }
    const asks = [
      ['same', '/repos/acme/widgets'],
      ['enterprise', '/api/v3/repos/acme/widgets'],
      ['enterprise', '/acme/widgets.git/info/refs?service=git-upload-pack'],
      ['api', `/repos/${owner}/widgets`],
      ['other', `/repos/${owner}/widgets`],
    ] as const;

    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => asks[index % asks.length] ?? asks[0]).map(([name, path]) =>
        stack.ask(name, path),
      ),
    );

    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    const apps = github.mints.entries.map(({ app, installationId }) => [app.appId, installationId]);
    expect(new Set(apps.map(String)).size).toBe(3);
    expect(apps).toHaveLength(3);
    expect(stack.enterprise.mints.entries).toMatchObject([{ host: 'localhost', installationId: SAME_ID }]);
  });
});

describe('an installation', () => {
  it.each(['Organization', 'User'] as const)('of an owner that is one (%s) is found by the path', async (ownerType) => {
    const { owner } = await newOwner({ ownerType });

    expect((await stack.ask('api', `/repos/${owner}/widgets`)).status).toBe(200);
    expect((await stack.ask('github', `/${owner}/widgets/info/refs?service=git-upload-pack`)).status).toBe(200);
    expect(new Set(github.mints.entries.map((mint) => mint.owner))).toEqual(new Set([owner]));
  });

  it('that the secret gives is not looked up', async () => {
    expect((await stack.ask('given', '/rate_limit')).status).toBe(404);
    expect(seen('find-installation')).toEqual([]);
  });

  it('is found again after it was removed and made anew, and no request fails', async () => {
    const { id, owner } = await newOwner();
    await stack.ask('api', `/repos/${owner}/widgets`);
    const again = github.registry.reinstall(id);

    const replies = await Promise.all([1, 2, 3].map(() => stack.ask('api', `/repos/${owner}/widgets`)));

    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(github.mints.entries.map(({ installationId }) => installationId)).toEqual([id, again.id]);
  });

  it.each([
    ['github', '/nobody/widgets.git/info/refs?service=git-upload-pack', /not installed at nobody/],
    ['api', '/repos/nobody-else/widgets', /not installed at nobody-else/],
    ['gone', '/repos/acme/widgets', /HTTP 404/],
  ])('that is missing refuses the request (%s)', async (name, path, words) => {
    const reply = await stack.ask(name, path);

    expect(reply.status).toBe(502);
    expect(reply.headers['x-attache-error']).toBe('token_refused');
    expect(reply.json()).toMatchObject({ error: { message: expect.stringMatching(words) } });
    expect([...seen('rest'), ...seen('git')]).toEqual([]);
  });

  it('that is suspended gives no token', async () => {
    const installation = await newOwner();
    installation.suspended = true;

    const reply = await stack.ask('api', `/repos/${installation.owner}/widgets`);

    expect([reply.status, reply.headers['x-attache-error']]).toEqual([502, 'token_refused']);
    expect(reply.text).toContain('suspended');
    expect(seen('rest')).toEqual([]);
  });

  it('with less than is asked for gives no token', async () => {
    const installation = await newOwner();
    installation.permissions = { issues: 'read' };

    const reply = await stack.ask('reader', `/${installation.owner}/widgets/info/refs?service=git-upload-pack`);

    expect([reply.status, reply.headers['x-attache-error']]).toEqual([502, 'token_refused']);
    expect(reply.text).toContain('HTTP 422');
  });
});

describe('a token, a private key and a JWT', () => {
  /** A text as it stands in a header, in a log or in an escaped text. */
  const forms = (text: string) => [
    text,
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(`x-access-token:${text}`).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('hex'),
  ];

  it('are seen nowhere, while everything is logged that can be', async () => {
    const { owner } = await newOwner();
    await stack.ask('api', `/repos/${owner}/widgets`);
    await stack.ask('github', `/${owner}/widgets.git/info/refs?service=git-upload-pack`);
    await stack.ask('quiet', '/api/v3/repos/acme/widgets');
    await stack.ask('gone', '/repos/acme/widgets');
    for (const { token } of github.mints.entries.filter((mint) => mint.owner === owner)) github.tokens.revoke(token);
    await stack.ask('api', `/repos/${owner}/widgets`);
    github.disturb(({ operation }) =>
      operation === 'create-token' ? { status: 500, body: { message: 'no' } } : undefined,
    );
    await stack.ask('api', `/repos/${(await newOwner()).owner}/widgets`);
    github.disturb(undefined);
    const calls = [...github.calls.entries, ...stack.enterprise.calls.entries];
    const shownSecrets = new Set(calls.flatMap(({ credential }) => credential?.secret ?? []));
    const lines = [keys.pkcs1, keys.pkcs8, otherKeys.pkcs1].flatMap((pem) =>
      pem.split('\n').filter((line) => line.length === 64),
    );
    const { envoy, attache } = stack.stack;
    await expect.poll(() => envoy.accessLog.entries.length).toBeGreaterThanOrEqual(stack.replies.length);
    const outputs: Record<string, string> = {
      "Attaché's log": attache.log.entries.join('\n'),
      "Attaché's standard error": attache.stderr.entries.join('\n'),
      "Envoy's log": envoy.log.entries.join('\n'),
      'the access log': envoy.accessLog.entries.map((entry) => JSON.stringify(entry)).join('\n'),
      'what callers got': stack.replies.map((reply) => JSON.stringify([reply.headers, reply.text])).join('\n'),
    };
    for (const path of ['/', '/api/status', '/metrics', '/readyz'])
      outputs[`Attaché's ${path}`] = await (await attache.admin(path)).text();
    for (const path of ['/config_dump?include_eds', '/stats', '/clusters'])
      outputs[`Envoy's ${path}`] = await envoy.admin(path);

    const found = Object.entries(outputs).flatMap(([where, text]) =>
      [...[...shownSecrets].flatMap(forms), ...lines]
        .filter((form) => text.includes(form))
        .map((form) => `${form.slice(0, 12)}… in ${where}`),
    );

    expect(found).toEqual([]);
    // There was something to find, and the places were really looked at.
    expect(calls.some(({ operation }) => operation === 'create-token')).toBe(true);
    expect(shownSecrets.size).toBeGreaterThan(github.mints.entries.length + stack.enterprise.mints.entries.length);
    expect(outputs["Attaché's log"]).toContain('token got');
    expect(outputs["Attaché's /api/status"]).toContain(owner);
    expect(outputs['the access log']).toContain('github/app');
    expect(lines.length).toBeGreaterThan(60);
  });
});
