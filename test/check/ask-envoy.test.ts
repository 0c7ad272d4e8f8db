import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { privateFolder } from '../../local/guard.ts';
import { askEnvoy, installedEnvoy } from '../../src/check/ask-envoy.ts';

/** A program named envoy, in a folder of its own. */
function program(text: string): { folder: string; binary: string } {
  const folder = privateFolder();
  const binary = join(folder, 'envoy');
  writeFileSync(binary, `#!/bin/sh\n${text}\n`);
  chmodSync(binary, 0o755);
  return { folder, binary };
}

const VERSION = '[ "$1" = --version ] && { echo "envoy  version: 0123abcd/1.40.0/Clean/RELEASE/BoringSSL"; exit; }';

describe('the installed Envoy', () => {
  it('is the one in ENVOY_BIN, else the first on the PATH that can be run, else none', () => {
    const [one, other, text] = [program('exit'), program('exit'), program('exit')];
    chmodSync(text.binary, 0o644);
    const path = `/no/such/folder:${text.folder}::${one.folder}:${other.folder}`;

    expect(installedEnvoy({ PATH: path })).toBe(one.binary);
    expect(installedEnvoy({ PATH: path, ENVOY_BIN: other.binary })).toBe(other.binary);
    expect(installedEnvoy({ PATH: '/no/such/folder', ENVOY_BIN: '' })).toBeUndefined();
    expect(installedEnvoy({})).toBeUndefined();
  });

  it('is not asked when it is another program of that name', async () => {
    expect(await askEnvoy(program('echo "Laravel Envoy 2.10"').binary, 'envoy.yaml')).toBeUndefined();
  });

  it('gets nothing of the environment, and the name of a node only where the file has none', async () => {
    const { binary } = program(
      `${VERSION}\n[ -z "$HOME$AWS_REGION" ] || exit 1\necho "error initializing configuration 'x': $*"; exit 1`,
    );

    const words = async (needsNode: boolean) => {
      const answer = await askEnvoy(binary, 'x', { needsNode });
      return answer?.kind === 'refuses' ? answer.words : undefined;
    };

    expect(await words(false)).toMatch(/^--mode validate --config-path x (?!.*--service-node)/);
    expect(await words(true)).toMatch(/ --service-node check --service-cluster check$/);
  });

  it('is given up when it takes too long', async () => {
    const { binary } = program(`${VERSION}\nexec sleep 600`);

    expect(await askEnvoy(binary, 'envoy.yaml', { patience: 2_000 })).toEqual({ kind: 'late', version: '1.40.0' });
  });
});
