import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../local/process.ts';
import { lineFor } from '../../src/vendors/library.ts';
import { buildGo, hasGo } from './go-build.ts';
import type { Case } from './rows.ts';

const folder = join(import.meta.dirname, '..', '..', '.local', 'libraries');

/** Where packages are, and the program that runs code which uses them. */
export interface Environment {
  readonly home: string;
  /** The folder of the packages' programs. */
  readonly bin: string;
}

/** A group's packages, or why they are not there: `missing` is what this machine lacks for them. */
export interface Installed {
  readonly environment?: Environment;
  readonly failure?: string;
  readonly missing?: string;
}

type Registry = 'npm' | 'PyPI' | 'Go';

/** The registry that a case's packages come from; undefined for what the machine has by itself. */
export function registryOf({ language, from }: Case): Registry | undefined {
  if (language === 'python') return 'PyPI';
  if (language === 'node') return 'npm';
  if (language === 'go') return 'Go';
  return from === 'system' ? undefined : from;
}

/** What is installed together: cases of one registry and one group. */
export interface Group {
  readonly registry: Registry;
  readonly name: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Programs of Go by the name of their case: what they import is fetched with them. */
  readonly programs: Readonly<Record<string, string>>;
}

/** The groups of these cases, by the name that `groupOf` gives. */
export function groupsOf(cases: readonly Case[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const it of cases) {
    const registry = registryOf(it);
    if (registry === undefined) continue;
    const name = groupOf(it);
    const before = groups.get(name);
    const packages = { ...before?.packages, [it.package]: it.version, ...it.beside };
    const own = registry === 'Go' ? { [programOf(it)]: codeOf(it, lineFor(it, 'some.int') ?? '') } : {};
    groups.set(name, { registry, name, packages, programs: { ...before?.programs, ...own } });
  }
  return groups;
}

export function groupOf(it: Case): string {
  return `${registryOf(it)}-${it.group ?? 'main'}`;
}

/** A case's name as a folder. */
export function programOf({ title }: Case): string {
  return title.replace(/[^\w.-]+/g, '-');
}

/** A case's program with its line. */
export function codeOf({ code }: Case, line: string): string {
  return `${code.replaceAll('{line}', line)}\n`;
}

/**
 * Installs a group under `.local/libraries`, unless it is there. Its folder bears the packages' versions as a hash, so that
 * a changed list is another folder. A failure has the installer's last lines.
 */
export async function install(group: Group, progress: (line: string) => void): Promise<Installed> {
  const { registry, name, packages, programs } = group;
  if (registry === 'Go' && !(await hasGo())) return { missing: 'go is not installed' };
  const list = Object.entries(packages).sort();
  const hash = createHash('sha256')
    .update(JSON.stringify([list, programs]))
    .digest('hex')
    .slice(0, 12);
  const home = join(folder, `${name}-${hash}`);
  const bin = registry === 'npm' ? join(home, 'node_modules', '.bin') : join(home, 'bin');
  const complete = join(home, 'complete');
  if (existsSync(complete)) return { environment: { home, bin } };
  progress(`installing ${list.length} packages of ${name} …`);
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  // The whole environment: the installers' own settings decide where they may get packages from.
  const run = (command: string, args: readonly string[]) =>
    runProgram({ name: `${command} for ${name}`, command, args, env: process.env, cwd: home });
  const installers: Readonly<Record<Registry, () => Promise<void>>> = {
    PyPI: async () => {
      await run('python3', ['-m', 'venv', home]);
      await run(join(bin, 'python3'), [
        ...['-m', 'pip', 'install', '--quiet', '--no-input', '--no-compile', '--disable-pip-version-check'],
        ...list.map(([it, version]) => `${it}==${version}`),
      ]);
    },
    npm: async () => {
      const manifest = { private: true, type: 'module', dependencies: packages };
      await writeFile(join(home, 'package.json'), JSON.stringify(manifest));
      await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--legacy-peer-deps']);
    },
    Go: async () => {
      await writeFile(join(home, 'go.mod'), 'module programs\n');
      await run('go', ['get', ...list.map(([it, version]) => `${it}@${version}`)]);
      for (const [it, code] of Object.entries(programs)) await buildGo({ home, bin }, it, code);
    },
  };
  try {
    await installers[registry]();
    await writeFile(complete, '');
    return { environment: { home, bin } };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
