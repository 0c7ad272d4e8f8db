import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../local/process.ts';
import type { Environment } from './install.ts';

/** Whether this machine has a compiler of Go. */
export function hasGo(): Promise<boolean> {
  return runProgram({ name: 'go', command: 'go', args: ['version'], env: process.env }).then(
    () => true,
    () => false,
  );
}

/**
 * Compiles a program among the modules of an environment. Its own settings say where it may get modules from.
 *
 * @param name what its folder and the compiled program are called
 * @returns the compiled program
 * @throws Error with the compiler's last lines
 */
export async function buildGo({ home, bin }: Environment, name: string, code: string): Promise<string> {
  const folder = join(home, name);
  const program = join(bin, name);
  await Promise.all([mkdir(folder, { recursive: true }), mkdir(bin, { recursive: true })]);
  await writeFile(join(folder, 'main.go'), code);
  await runProgram({
    name: `go build of ${name}`,
    command: 'go',
    args: ['build', '-mod=mod', '-o', program, `./${name}`],
    env: process.env,
    cwd: home,
  });
  return program;
}
