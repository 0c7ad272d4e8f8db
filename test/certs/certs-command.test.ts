import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sourceEntry } from '../../local/attache.ts';
import { createAuthority } from '../../local/certificates.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';

const BUILD = 'spiffe://acme/agents/build';
const DAY_MS = 24 * 60 * 60 * 1000;

type Output = { code: number | string; stdout: string; stderr: string };

function run(command: string, args: string[], cwd?: string): Promise<Output> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env: plainEnvironment({}), timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** Types `attache certs …`. */
const certs = (...args: string[]) => run(process.execPath, [sourceEntry, 'certs', ...args]);

/** A folder with the repository's envoy.yaml in it. */
function folderOfEnvoy(): string {
  const folder = join(privateFolder(), 'envoy');
  mkdirSync(folder);
  copyFileSync('envoy/envoy.yaml', join(folder, 'envoy.yaml'));
  return folder;
}

const text = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');
const certificate = (folder: string, file: string) => new X509Certificate(text(folder, file));
const modeOf = (...path: string[]) => statSync(join(...path)).mode & 0o777;

/** Every file with its text. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    names.filter((name) => statSync(join(folder, name)).isFile()).map((name) => [name, text(folder, name)]),
  );
}

describe('attache certs', () => {
  it('makes a CA, a certificate for the names of envoy.yaml, and one for each client', async () => {
    const folder = folderOfEnvoy();

    const { code, stdout, stderr } = await certs(folder, '--client', BUILD, '--client', 'spiffe://acme/ci');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const ca = certificate(folder, 'ca.pem');
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(text(folder, 'callers.pem')).toBe(text(folder, 'ca.pem'));
    const server = certificate(folder, 'server.pem');
    expect(server.subjectAltName).toBe(
      [
        ...['attache', 'stripe', 'openai', 'anthropic'].flatMap((name) => [
          `DNS:${name}.int`,
          `DNS:${name}.int.localhost`,
        ]),
        'DNS:localhost',
        'IP Address:127.0.0.1',
      ].join(', '),
    );
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    const build = certificate(folder, 'clients/agents-build.pem');
    expect(build.subjectAltName).toBe(`URI:${BUILD}`);
    expect(build.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate(folder, 'clients/ci.pem').subjectAltName).toBe('URI:spiffe://acme/ci');
    for (const issued of [server, build]) {
      expect(issued.ca).toBe(false);
      expect(issued.checkIssued(ca) && issued.verify(ca.publicKey)).toBe(true);
      expect(issued.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    }
    expect(new Set([ca, server, build].map(({ serialNumber }) => serialNumber)).size).toBe(3);
    for (const key of ['ca.key', 'server.key', 'clients/agents-build.key']) {
      const secret = text(folder, key).split('\n')[1] ?? '';
      expect(secret.length).toBeGreaterThan(30);
      expect(stdout).not.toContain(secret);
    }
  });

  it('lets nobody else read the keys, and everybody the certificates, whatever the umask', async () => {
    const folder = join(privateFolder(), 'new');

    for (const umask of ['000', '077']) {
      await run('sh', [
        '-c',
        `umask ${umask}; exec "$0" "$@"`,
        ...[process.execPath, sourceEntry, 'certs', folder, '--client', BUILD],
      ]);

      expect([modeOf(folder), modeOf(folder, 'clients')]).toEqual([0o700, 0o700]);
      for (const name of ['ca', 'server', 'clients/agents-build']) {
        expect([modeOf(folder, `${name}.key`), modeOf(folder, `${name}.pem`)]).toEqual([0o600, 0o644]);
      }
      expect(readdirSync(folder).sort()).toEqual([
        'ca.key',
        'ca.pem',
        'callers.pem',
        'clients',
        'server.key',
        'server.pem',
      ]);
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps what is there, and makes further clients with the same CA', async () => {
    const folder = folderOfEnvoy();
    await certs(folder, '--client', BUILD);
    const before = filesOf(folder);

    const { code, stdout } = await certs(folder, '--client', BUILD, '--client', 'spiffe://acme/agents/review');

    expect(code).toBe(0);
    expect(filesOf(folder)).toMatchObject(before);
    expect(stdout.match(/^kept \S+/gm)).toEqual(
      ['ca.pem', 'callers.pem:', 'server.pem', 'clients/agents-build.pem'].map((name) => `kept ${join(folder, name)}`),
    );
    const ca = certificate(folder, 'ca.pem');
    expect(certificate(folder, 'clients/agents-review.pem').verify(ca.publicKey)).toBe(true);
  });

  it.each([
    [[], 365],
    [['--days', '90'], 90],
  ])('gives %j certificates their life, and the CA ten years', async (options, days) => {
    const folder = folderOfEnvoy();

    await certs(folder, '--client', BUILD, ...options);

    const lives = ['ca.pem', 'server.pem', 'clients/agents-build.pem'].map((file) => {
      const { validFromDate, validToDate } = certificate(folder, file);
      expect(validFromDate.getTime()).toBeLessThan(Date.now());
      return Math.round((validToDate.getTime() - Date.now()) / DAY_MS);
    });
    expect(lives).toEqual([3650, days, days]);
  });

  it('makes a new certificate for a key whose certificate was removed', async () => {
    const folder = folderOfEnvoy();
    await certs(folder, '--client', BUILD);
    const before = filesOf(folder);
    for (const file of ['ca.pem', 'server.pem', 'clients/agents-build.pem']) rmSync(join(folder, file));

    expect((await certs(folder, '--client', BUILD)).code).toBe(0);

    const after = filesOf(folder);
    for (const key of ['ca.key', 'server.key', 'clients/agents-build.key']) expect(after[key]).toBe(before[key]);
    for (const file of ['server.pem', 'clients/agents-build.pem']) {
      expect(after[file]).not.toBe(before[file]);
      const old = new X509Certificate(before[file] ?? '');
      // Old and new CA are interchangeable: they have the same name and key.
      expect(old.checkIssued(certificate(folder, 'ca.pem'))).toBe(true);
      expect(old.publicKey.equals(certificate(folder, file).publicKey)).toBe(true);
    }
  });

  it('says what a kept certificate does not do', async () => {
    const folder = folderOfEnvoy();
    await certs(folder, '--name', 'stripe.int', '--days', '20');
    const other = await createAuthority();
    writeFileSync(join(folder, 'callers.pem'), other.certificate);

    const { stdout } = await certs(folder);

    const remove = `remove ${join(folder, 'server.pem')} and type this again`;
    expect(stdout).toContain(
      `but it does not name attache.int, attache.int.localhost, stripe.int.localhost, openai.int, `,
    );
    expect(stdout).toMatch(/but it ends in (?:19|20) days; /);
    expect(stdout).toContain(remove);
    expect(stdout).toContain(`but it does not hold ${join(folder, 'ca.pem')}, so Envoy refuses the callers made here`);

    const foreign = await other.issue(['stripe.int', 'localhost']);
    writeFileSync(join(folder, 'server.pem'), foreign.certificate);
    appendFileSync(join(folder, 'callers.pem'), text(folder, 'ca.pem'));
    const again = await certs(folder, '--name', 'stripe.int');

    expect(again.stdout).toContain(`but another CA issued it; ${remove}`);
    expect(again.stdout).not.toMatch(/does not (?:name|hold)/);
  });

  it.each([
    [['--client', 'spiffe://Acme/x'], /"spiffe:\/\/Acme\/x" is no SPIFFE ID: .*lower-case/],
    [['--client', BUILD, '--client', 'x'], /"x" is no SPIFFE ID: it does not begin with spiffe:\/\//],
    [['--name', 'https://stripe.int'], /--name "https:\/\/stripe\.int" is no host/],
    [['--days', '0'], /--days is "0"; write a number from 1 to 825/],
    [['--days', '1e2'], /--days is "1e2"/],
    [['--days', '826'], /--days is "826"/],
    [['--file', '/no/such.yaml'], /\/no\/such\.yaml:1:1: error: there is no such file/],
  ])('writes nothing when %j is wrong, and says why', async (options, reason) => {
    const folder = join(privateFolder(), 'new');

    const { code, stdout, stderr } = await certs(folder, ...options);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(reason);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(existsSync(folder)).toBe(false);
  });

  it('asks for names where the file has no virtual hosts', async () => {
    const folder = privateFolder();
    writeFileSync(join(folder, 'envoy.yaml'), 'integrations: []\n');

    expect((await certs(folder)).stderr).toMatch(/envoy\.yaml has no virtual hosts; say by --name/);
    expect((await certs(folder, '--name', 'stripe.int')).code).toBe(0);
  });

  it('refuses a second client of the same file name, and leaves the first', async () => {
    const folder = folderOfEnvoy();

    const { code, stderr } = await certs(folder, '--client', BUILD, '--client', 'spiffe://acme/agents-build');

    expect(code).toBe(1);
    expect(stderr).toContain('agents-build.pem is that of another client than spiffe://acme/agents-build; rename it');
    expect(certificate(folder, 'clients/agents-build.pem').subjectAltName).toBe(`URI:${BUILD}`);
  });

  it.each([
    [
      'is gone',
      (key: string) => renameSync(key, `${key}.old`),
      /ca\.pem is there, but its key \S+ca\.key is not; put the key back/,
    ],
    ['is no key', (key: string) => writeFileSync(key, 'text'), /ca\.key cannot be used: /],
    [
      "is another CA's",
      (key: string) => copyFileSync(key.replace('ca.key', 'server.key'), key),
      /ca\.key cannot be used: .* or not that of \S+ca\.pem/,
    ],
  ])('makes nothing with a CA whose key %s', async (_, harm, reason) => {
    const folder = folderOfEnvoy();
    await certs(folder);
    harm(join(folder, 'ca.key'));

    const { code, stderr } = await certs(folder, '--client', BUILD);

    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(existsSync(join(folder, 'clients'))).toBe(false);
  });

  it('says how the container of Envoy gets to read the key, until it can', async () => {
    const folder = folderOfEnvoy();
    const key = join(folder, 'server.key');
    const { user } = parse(readFileSync('docker-compose.yml', 'utf8')).services.envoy;

    const first = await certs(folder);
    const [uid] = user.split(':');
    expect(first.stdout).toContain(`sudo chgrp ${uid} ${key} && sudo chmod g+rX ${key}\n`);

    // Who may not give files away sees the same by the bits for all.
    chmodSync(key, 0o644);
    expect((await certs(folder)).stdout).not.toContain('chgrp');
    chmodSync(folder, 0o700);
    expect((await certs(folder)).stdout).toContain(`sudo chgrp ${uid} ${folder} && sudo chmod g+rX ${folder}\n`);
  });

  it('says which lines to take out of their comment, and what to type', async () => {
    const folder = folderOfEnvoy();
    const file = join(folder, 'envoy.yaml');

    const { stdout } = await certs(folder, '--client', BUILD);

    const lines = text(folder, 'envoy.yaml').split('\n');
    const places = [...stdout.matchAll(/(egress_\w+): lines (\d+) to (\d+); port (\d+)/g)];
    expect(places.map(([, name, , , port]) => [name, port])).toEqual([
      ['egress_https', '443'],
      ['egress_mtls', '8443'],
    ]);
    for (const [, name, first, last] of places) {
      expect(lines[Number(first) - 1]).toBe(`  # - name: ${name}`);
      expect(lines[Number(last) - 1]).toMatch(/\/etc\/envoy\/(?:server\.key|callers\.pem)/);
      expect(lines[Number(last)]).toMatch(/^(?: {2}#)?$/);
    }
    const [ca, cert, key] = ['ca.pem', 'clients/agents-build.pem', 'clients/agents-build.key'].map((it) =>
      join(folder, it),
    );
    expect(stdout).toContain(`  curl --cacert ${ca} https://attache.int/\n`);
    expect(stdout).toContain(`  curl --cacert ${ca} --cert ${cert} --key ${key} https://attache.int:8443/\n`);

    writeFileSync(file, text(folder, 'envoy.yaml').replaceAll(/^ {2}# (?=- name: egress_| {2})/gm, '  '));
    const after = await certs(folder);
    expect(after.stdout).toContain('egress_https: is switched on; port 443');
    expect(after.stdout).toContain('egress_mtls: is switched on; port 8443');
  });

  it('makes nothing that git would commit, or npm would ship', async () => {
    const repository = privateFolder();
    for (const file of ['.gitignore', 'package.json']) copyFileSync(file, join(repository, file));
    mkdirSync(join(repository, 'envoy'));
    copyFileSync('envoy/envoy.yaml', join(repository, 'envoy/envoy.yaml'));
    await run('git', ['init', '--quiet'], repository);

    expect((await certs(join(repository, 'envoy'), '--client', BUILD)).code).toBe(0);

    const { stdout: untracked } = await run('git', ['status', '--porcelain', '--untracked-files=all'], repository);
    expect(untracked.trim().split('\n').sort()).toEqual(['?? .gitignore', '?? envoy/envoy.yaml', '?? package.json']);
    const { stdout: packed } = await run('npm', ['pack', '--dry-run', '--json', '--offline'], repository);
    expect(packed).toContain('envoy/envoy.yaml');
    expect(packed).not.toMatch(/\.key|\.pem/);
  });
});
