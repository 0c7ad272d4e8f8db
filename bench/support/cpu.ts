import { globSync, readFileSync } from 'node:fs';

/** CPU that a process and those that it has started have used, in µs, to the nanosecond as the kernel's scheduler counts it. */
export function cpuOf(pid: number): number {
  return [pid, ...childrenOf(pid)].reduce((sum, process) => sum + ownCpuOf(process), 0);
}

/** Memory that they have resident, in MiB. */
export function residentMemoryOf(pid: number): number {
  const kibibytes = [pid, ...childrenOf(pid)].map((process) =>
    Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${process}/status`))?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, own) => sum + own, 0) / 1_024;
}

function ownCpuOf(pid: number): number {
  const nanoseconds = globSync(`/proc/${pid}/task/*/schedstat`).map((file) => Number(read(file).split(' ')[0]));
  return nanoseconds.reduce((sum, thread) => sum + thread, 0) / 1_000;
}

function childrenOf(pid: number): number[] {
  const own = globSync(`/proc/${pid}/task/*/children`).flatMap((file) => read(file).split(' ').filter(Boolean));
  return own.map(Number).flatMap((child) => [child, ...childrenOf(child)]);
}

/** Empty when the process or the thread has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
