import { type ChildProcess, fork } from 'node:child_process';

/** Starts a process that waits for the message to be a worker. */
export type Launch = () => ChildProcess;

/** Options of Node that show what a process holds: to a debugger, in a snapshot, in a report or in a core file. */
const OPENINGS = /^--(inspect|debug-port|heapsnapshot|heap-prof|cpu-prof|report-|abort-on-uncaught-exception|prof)/;

/** No signal opens the inspector. */
const CLOSED = '--disable-sigusr1';

/**
 * Forks workers. `node:cluster` would do it too, but has the first process listen for all, so that connections would pass
 * through the supervisor; here each worker has a socket of its own, and Envoy balances over them by request.
 *
 * @param entry the program of a worker.
 */
export function launcher(entry: URL): Launch {
  return () =>
    fork(entry, [], {
      execArgv: [...withoutOpenings(process.execArgv), CLOSED],
      env: { ...process.env, NODE_OPTIONS: withoutOpenings((process.env.NODE_OPTIONS ?? '').split(/\s+/)).join(' ') },
      serialization: 'json',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
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
