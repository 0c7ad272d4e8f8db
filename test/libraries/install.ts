import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../local/process.ts';
import type { Case } from './rows.ts';

const folder = join(import.meta.dirname, '..', '..', '.local', 'libraries');

/** Where packages are, and the program that runs code which uses them. */
export interface Environment {
  readonly home: string;
  /** The folder of the packages' programs. */
  readonly bin: string;
}

type Registry = 'npm' | 'PyPI';

/** The registry that a case's packages come from; undefined for what the machine has by itself. */
export function registryOf({ language, from }: Case): Registry | undefined {
  if (language === 'python') return 'PyPI';
  if (language === 'node') return 'npm';
  return from === 'system' ? undefined : from;
}

/** What is installed together: cases of one registry and one group. */
export interface Group {
  readonly registry: Registry;
  readonly name: string;
  readonly packages: Readonly<Record<string, string>>;
}

/** The groups of these cases, by the name that `groupOf` gives. */
export function groupsOf(cases: readonly Case[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const it of cases) {
    const registry = registryOf(it);
    if (registry === undefined) continue;
    const name = groupOf(it);
    const packages = { ...groups.get(name)?.packages, [it.package]: it.version, ...it.beside };
    groups.set(name, { registry, name, packages });
  }
  return groups;
}

export function groupOf(it: Case): string {
  return `${registryOf(it)}-${it.group ?? 'main'}`;
}

/**
 * Installs a group under `.local/libraries`, unless it is there. Its folder bears the packages' versions as a hash, so that
 * a changed list is another folder.
 *
 * @throws Error with the installer's last lines
 */
export async function install(
  { registry, name, packages }: Group,
  progress: (line: string) => void,
): Promise<Environment> {
  const list = Object.entries(packages).sort();
  const hash = createHash('sha256').update(JSON.stringify(list)).digest('hex').slice(0, 12);
  const home = join(folder, `${name}-${hash}`);
  const bin = registry === 'PyPI' ? join(home, 'bin') : join(home, 'node_modules', '.bin');
  const complete = join(home, 'complete');
  if (existsSync(complete)) return { home, bin };
  progress(`installing ${list.length} packages of ${name} …`);
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  // The whole environment: the installers' own settings decide where they may get packages from.
  const run = (command: string, args: readonly string[]) =>
    runProgram({ name: `${command} for ${name}`, command, args, env: process.env, cwd: home });
  if (registry === 'PyPI') {
    await run('python3', ['-m', 'venv', home]);
    await run(join(bin, 'python3'), [
      ...['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'],
      ...list.map(([it, version]) => `${it}==${version}`),
    ]);
  } else {
    await writeFile(
      join(home, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies: packages }),
    );
    await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--legacy-peer-deps']);
  }
  await writeFile(complete, '');
  return { home, bin };
}
