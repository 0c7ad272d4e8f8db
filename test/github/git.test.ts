import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createAuthority } from '../../local/certificates.ts';
import { createAppKeys } from '../support/github/app-keys.ts';
import { type GitHub, startGitHub } from '../support/github/github.ts';
import type { Permissions } from '../support/github/permissions.ts';
import type { Installation, Repository } from '../support/github/registry.ts';
import { basic, call, git, signJwt } from './support.ts';

// Each is several programs, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

let github: GitHub;
let certificate: string;
let acme: Installation;
let widgets: Repository;
let privateKey: string;
let folder: string;
let caFile: string;
let clones = 0;

beforeAll(async () => {
  const [authority, keys] = await Promise.all([createAuthority(), createAppKeys()]);
  github = await startGitHub({ certificate: await authority.issue(['localhost', 'github.com', 'api.github.com']) });
  certificate = authority.certificate;
  privateKey = keys.pkcs1;
  github.registry.register({ appId: 1, slug: 'attache', publicKeys: [keys.publicKey] });
  acme = github.registry.install({
    appId: 1,
    owner: 'acme',
    repositories: 'all',
    permissions: { contents: 'write', issues: 'read' },
  });
  widgets = await github.createRepository('acme/widgets', { 'README.md': '# Widgets\n', 'src/main.c': 'int main;\n' });
  await github.createRepository('acme/gadgets');
  folder = await mkdtemp(join(tmpdir(), 'clones-'));
  caFile = join(folder, 'ca.pem');
  await writeFile(caFile, certificate);
});
afterAll(async () => {
  await github.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => github.calls.clear());

async function mint(permissions: Permissions): Promise<string> {
  const answer = await call(
    { port: github.port, ca: certificate, host: 'api.github.com' },
    `POST /app/installations/${acme.id}/access_tokens`,
    `Bearer ${await signJwt(privateKey, { iss: '1' })}`,
    { repositories: ['widgets'], permissions },
  );
  return answer.json.token;
}

const address = (path = 'acme/widgets.git') => `https://localhost:${github.port}/${path}`;
const shown = (authorization: string) => [
  '-c',
  `http.sslCAInfo=${caFile}`,
  '-c',
  `http.extraHeader=authorization: ${authorization}`,
];
const newFolder = () => join(folder, `clone-${clones++}`);
const gitCalls = () => github.calls.entries.filter(({ operation }) => operation === 'git');

async function clone(authorization: string, url = address()): Promise<string> {
  const into = newFolder();
  await git(...shown(authorization), 'clone', '--quiet', url, into);
  return into;
}

test.each(['acme/widgets.git', 'acme/widgets', 'ACME/Widgets.git'])('clone of %s', async (path) => {
  const token = await mint({ contents: 'read' });
  const into = await clone(basic(token), address(path));
  expect(await readFile(join(into, 'src/main.c'), 'utf8')).toBe('int main;\n');
  expect(gitCalls().length).toBeGreaterThanOrEqual(2);
  expect(gitCalls().every(({ status, mint }) => status === 200 && mint?.token === token)).toBe(true);
});

test('clone without TLS', async () => {
  const into = await clone(
    basic(await mint({ contents: 'read' })),
    `http://127.0.0.1:${github.plainPort}/acme/widgets`,
  );
  expect(await readFile(join(into, 'README.md'), 'utf8')).toBe('# Widgets\n');
  expect(gitCalls()[0]).toMatchObject({ protocol: 'http', host: '127.0.0.1' });
});

test('push of more than git holds in memory, and clone of what was pushed', async () => {
  const authorization = basic(await mint({ contents: 'write' }));
  const into = await clone(authorization);
  const content = randomBytes(2_500_000);
  await writeFile(join(into, 'large.bin'), content);
  await git('-C', into, 'add', '.');
  await git('-C', into, 'commit', '--quiet', '-m', 'Large');
  await git(...shown(authorization), '-C', into, 'push', '--quiet', 'origin', 'HEAD:refs/heads/large');
  expect(await github.git(widgets, 'rev-parse', 'large')).toBe(await git('-C', into, 'rev-parse', 'HEAD'));
  expect(gitCalls().some(({ headers }) => headers['content-length'] === undefined)).toBe(true);

  const again = newFolder();
  await git(...shown(authorization), 'clone', '--quiet', '--branch', 'large', address(), again);
  expect((await readFile(join(again, 'large.bin'))).equals(content)).toBe(true);
});

test('fetch that tells of many commits, which git sends compressed', async () => {
  const authorization = basic(await mint({ contents: 'read' }));
  const into = await clone(authorization);
  for (let commit = 0; commit < 40; commit += 1) {
    await git('-C', into, 'commit', '--quiet', '--allow-empty', '-m', `${commit}`);
  }
  const tip = await github.git(widgets, 'commit-tree', 'main^{tree}', '-p', 'main', '-m', 'Upstream');
  await github.git(widgets, 'update-ref', 'refs/heads/ahead', tip);
  await git(...shown(authorization), '-C', into, 'fetch', '--quiet', 'origin', 'ahead');
  expect(await git('-C', into, 'rev-parse', 'FETCH_HEAD')).toBe(tip);
  expect(gitCalls().some(({ headers }) => headers['content-encoding'] === 'gzip')).toBe(true);
});

test('push is refused with contents: read', async () => {
  const authorization = basic(await mint({ contents: 'read' }));
  const into = await clone(authorization);
  await git('-C', into, 'commit', '--quiet', '--allow-empty', '-m', 'Mine');
  const pushed = git(...shown(authorization), '-C', into, 'push', 'origin', 'HEAD:refs/heads/mine');
  await expect(pushed).rejects.toThrow(/Permission to acme\/widgets.git denied to attache\[bot\][\s\S]*error: 403/);
  await expect(github.git(widgets, 'rev-parse', '--verify', 'mine')).rejects.toThrow();
});

test.each<[string, () => Promise<string>, string, number]>([
  ['without a token', async () => 'none', 'acme/widgets', 401],
  ['with an unknown token', async () => basic('ghs_unknown'), 'acme/widgets', 401],
  ['with another user', async () => basic(await mint({ contents: 'read' }), 'git'), 'acme/widgets', 401],
  ['with the token as Bearer', async () => `Bearer ${await mint({ contents: 'read' })}`, 'acme/widgets', 401],
  ['without contents', async () => basic(await mint({ issues: 'read' })), 'acme/widgets', 403],
  ['of a repository outside the token', async () => basic(await mint({ contents: 'read' })), 'acme/gadgets', 404],
  ['of no repository', async () => basic(await mint({ contents: 'read' })), 'acme/nothing', 404],
])('fetch %s: refused', async (_, authorize, path, status) => {
  const line = `GET /${path}/info/refs?service=git-upload-pack`;
  const answer = await call({ port: github.port, ca: certificate, host: 'github.com' }, line, await authorize());
  expect(answer.status).toBe(status);
  expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Basic realm="GitHub"' : undefined);
  expect(github.calls.entries.at(-1)).toMatchObject({ operation: 'git', host: 'github.com', status });
});

test('a token that is not known yet is refused by git too', async () => {
  github.settings.replicationLag = { uses: 1 };
  const authorization = basic(await mint({ contents: 'read' }));
  github.settings.replicationLag = {};
  await expect(clone(authorization)).rejects.toThrow(
    /could not read Username|Authentication failed|terminal prompts disabled/,
  );
  await clone(authorization);
  expect(gitCalls()[0]).toMatchObject({ status: 401 });
});
