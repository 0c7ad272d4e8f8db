import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Sees to it that nothing outlives this process, however it ends: exit, exception, Ctrl-C, even SIGKILL. A shell of a
 * few lines waits on a pipe that only this process holds open. When the pipe breaks, it kills the process groups it was
 * last told of and removes the run folder. Handlers inside this process could not do that when it is killed outright.
 */
const guardScript = `
groups=
while read -r line; do groups=$line; done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
rm -rf -- "$1"
`;

let guard: { readonly shell: ChildProcess; readonly folder: string } | undefined;
let folders = 0;
const guarded = new Set<number>();

/** A new private folder (mode 0700, a short path fit for Unix sockets), removed when this process ends. */
export function privateFolder(): string {
  folders += 1;
  return mkdtempSync(join(theGuard().folder, `${folders}-`));
}

/** From now on the process group of `pid` ends with this process at the latest. */
export function watchGroup(pid: number): void {
  guarded.add(pid);
  tellGuard();
}

/** The process group of `pid` has ended; its number may soon belong to somebody else. */
export function forgetGroup(pid: number): void {
  guarded.delete(pid);
  tellGuard();
}

function tellGuard(): void {
  theGuard().shell.stdin?.write(`${[...guarded].join(' ')}\n`);
}

function theGuard(): { readonly shell: ChildProcess; readonly folder: string } {
  if (guard === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'attache-stack-'));
    // A session of its own: Ctrl-C reaches every process of the terminal's group, and the guard must stay for the end.
    const shell = spawn('sh', ['-c', guardScript, 'guard', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.unref();
    // Somebody who kills the guard loses only what it guards against.
    shell.stdin.on('error', () => {});
    if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') {
      shell.stdin.unref();
    }
    guard = { shell, folder };
  }
  return guard;
}
