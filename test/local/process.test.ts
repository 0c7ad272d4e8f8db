import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runProgram, startProgram } from '../../local/process.ts';
import { until } from '../../local/until.ts';

const env = { PATH: process.env.PATH };
const shell = (script: string) => startProgram({ name: 'the program', command: 'sh', args: ['-c', script], env });

describe('nothing outlives the process that started it', () => {
  const endings: [string, string | undefined, (parent: ChildProcess) => void][] = [
    ['an exception', 'throw', () => {}],
    ['process.exit', 'exit', () => {}],
    ['SIGINT', undefined, (parent) => parent.kill('SIGINT')],
    ['SIGTERM', undefined, (parent) => parent.kill('SIGTERM')],
    ['SIGHUP', undefined, (parent) => parent.kill('SIGHUP')],
    ['SIGKILL', undefined, (parent) => parent.kill('SIGKILL')],
  ];
  test.each(endings)('%s', async (_name, argument, end) => {
    const parent = spawn(
      process.execPath,
      [join(import.meta.dirname, 'support', 'parent.ts'), ...(argument === undefined ? [] : [argument])],
      { stdio: ['ignore', 'pipe', 'ignore'], env },
    );
    const [line] = (await parent.stdout.take(1).toArray()) as Buffer[];
    const { pids, folder }: { pids: number[]; folder: string } = JSON.parse(String(line));
    expect(pids).toHaveLength(2);
    end(parent);
    await until(() => !pids.some(isRunning), { failure: `${pids} did not end` });
    await until(() => !existsSync(folder), { failure: `${folder} was not removed` });
  });
});

describe('stop', () => {
  test('lets a program end by itself', async () => {
    const program = await shell(`trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done`);
    await program.stdout.find((line) => line === 'ready');
    expect(await program.stop()).toEqual({ code: 3, signal: null });
    expect(program.stdout.entries).toContain('bye');
  });

  test('kills one that does not', async () => {
    const program = await shell(`trap '' TERM; echo ready; while :; do sleep 0.05; done`);
    await program.stdout.find((line) => line === 'ready');
    expect(await program.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('ends one that is stopped (SIGSTOP)', async () => {
    const program = await shell('echo ready; while :; do sleep 0.05; done');
    await program.stdout.find((line) => line === 'ready');
    program.signal('SIGSTOP');
    expect(await program.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('is no matter when it has ended already', async () => {
    const program = await shell('exit 0');
    await program.exited;
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('a program that fails', () => {
  test('at once is told with its last lines', async () => {
    const program = await shell('echo "the reason" >&2; exit 7');
    await expect(program.until(async () => false, { failure: 'it was not ready' })).rejects.toThrow(
      /the program ended early \(exit code 7\).*\n {2}the reason/,
    );
  });

  test('to get ready is told with its last lines', async () => {
    await using program = await shell('echo "still at it"; sleep 10');
    await expect(program.until(async () => false, { failure: 'it was not ready', timeoutMs: 200 })).rejects.toThrow(
      /it was not ready within 200 ms.*\n {2}still at it/,
    );
  });

  test('to start is told with its name', async () => {
    await expect(startProgram({ name: 'Envoy', command: '/no/such/file', env })).rejects.toThrow(
      /Envoy cannot be started: .*ENOENT/,
    );
  });

  test('that is run to its end is told with its last lines', async () => {
    const run = runProgram({ name: 'the step', command: 'sh', args: ['-c', 'echo no; exit 1'], env });
    await expect(run).rejects.toThrow('the step failed (exit code 1):\n  no');
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // An orphan that has ended keeps its number until init has asked after it, which may take init seconds.
    return !(existsSync(`/proc/${pid}/stat`) && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch {
    return false;
  }
}
