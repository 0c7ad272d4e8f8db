import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../local/process.ts';
import { executables } from '../../src/check/executables.ts';

const SOURCE = join(import.meta.dirname, '..', 'go');
const BUILT = join(import.meta.dirname, '..', '..', '.local', 'bench');

/** The programs in Go that are measured or measure, by the packages that they are built from. */
const PACKAGES = { extproc: './extproc', vegeta: 'github.com/tsenart/vegeta/v12' } as const;

/**
 * Builds one of them into `.local/`, at the versions of `bench/go/go.sum`.
 *
 * @returns its path; undefined when there is no Go.
 * @throws Error with Go's last lines when it cannot be built
 */
export async function goProgram(name: keyof typeof PACKAGES): Promise<string | undefined> {
  if (onPath('go') === undefined) return undefined;
  mkdirSync(BUILT, { recursive: true });
  const binary = join(BUILT, name);
  await runProgram({
    name: `go build ${PACKAGES[name]}`,
    command: 'go',
    args: ['build', '-o', binary, PACKAGES[name]],
    cwd: SOURCE,
    // The whole environment: Go's settings (GOPROXY, GOCACHE) decide where it may get modules from.
    env: process.env,
  });
  return binary;
}

/** Where a program is found on the PATH. */
export function onPath(name: string): string | undefined {
  const [first] = executables(name, process.env.PATH);
  return first;
}
