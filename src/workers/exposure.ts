import { readFileSync } from 'node:fs';
import type { Log } from '../telemetry/log.ts';
import { openings } from './launch.ts';

/**
 * What about this process would let others read the keys out of its memory, a sentence each with its mend.
 *
 * @param limits the text of `/proc/self/limits`; undefined where there is none.
 * @param options options that Node was started with.
 */
export function exposures(limits: string | undefined, options: readonly string[]): string[] {
  const found: string[] = [];
  const [, soft] = /^Max core file size\s+(\S+)/m.exec(limits ?? '') ?? [];
  if (soft !== undefined && soft !== '0') {
    found.push(`a crash may write keys to disk: core files may be of size ${soft}; type ulimit -c 0 before starting`);
  }
  for (const option of openings(options)) {
    found.push(`Node's option ${option} shows keys to whoever can use it; leave it out`);
  }
  return found;
}

/** Logs what {@link exposures} finds in this process, whose limits its workers inherit. */
export function warnOfExposures(log: Log): void {
  const options = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  for (const sentence of exposures(ownLimits(), options)) log.warn(sentence);
}

/**
 * Keeps SIGUSR1 from opening the inspector in a process that runs already: a handler of one's own takes the place of Node's.
 * Started with `--disable-sigusr1`, a process has no such door from the first moment on.
 */
export function closeInspectorSignal(log: Log): void {
  process.on('SIGUSR1', () => log.warn('SIGUSR1 is ignored: the inspector would show keys'));
}

/** Linux alone has it. */
function ownLimits(): string | undefined {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined;
  }
}
