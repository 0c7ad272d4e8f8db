import { type ChildProcess, fork } from 'node:child_process';

/** Starts a process that waits for the message to be a worker. */
export type Launch = () => ChildProcess;

/** Options of Node that show what a process holds: to a debugger, in a snapshot, in a report or in a core file. */
const OPENINGS = /^--(inspect|debug-port|heapsnapshot|heap-prof|cpu-prof|report-|abort-on-uncaught-exception|prof)/;

/** No signal opens the inspector. */
export const CLOSED = '--disable-sigusr1';

/** The descriptor of a pipe that a worker passes on to what outlives it: its other end tells the supervisor when all are gone. */
export const LIFELINE = 4;

/** How a process is bound to the one that starts it. */
export interface Ties {
  /** What it has as {@link LIFELINE}: a new pipe, or the descriptor of one that this process has itself. Default: nothing. */
  readonly lifeline?: 'pipe' | number | undefined;
  /** Whether it goes on when this one ends, and hears none of the signals that go to its process group. Default false. */
  readonly detached?: boolean;
}

/**
 * Forks workers. `node:cluster` would do it too, but has the first process listen for all, so that connections would pass
 * through the supervisor; here each worker has a socket of its own, and Envoy balances over them by request.
 *
 * @param entry the program of a worker.
 */
export function launcher(entry: URL, { lifeline, detached = false }: Ties = {}): Launch {
  return () =>
    fork(entry, [], {
      execArgv: [...withoutOpenings(process.execArgv), CLOSED],
      env: { ...process.env, NODE_OPTIONS: withoutOpenings((process.env.NODE_OPTIONS ?? '').split(/\s+/)).join(' ') },
      serialization: 'json',
      detached,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...(lifeline === undefined ? [] : [lifeline])],
    });
}

/** Options of Node without those that show what a process holds, and without the values that stand behind them. */
export function withoutOpenings(options: readonly string[]): string[] {
  let left = false;
  return options.filter((option) => {
    if (option.startsWith('-')) left = OPENINGS.test(option.replaceAll('_', '-'));
    return !left && option !== '';
  });
}

/** Those of the options that {@link withoutOpenings} leaves out. */
export function openings(options: readonly string[]): string[] {
  return options.filter((option) => OPENINGS.test(option.replaceAll('_', '-')));
}
