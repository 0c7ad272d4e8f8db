import { unwatchFile, watchFile } from 'node:fs';
import type { Reading } from './configuration.ts';
import { readBytes } from './read-bytes.ts';
import { judgeBytes, type ReadingOptions, spareJudge } from './read-configuration.ts';

/** How long a change must have rested before it is read, in ms: an editor may write a file in several pieces. */
const SETTLED = 100;

/** How a file is followed. */
export interface WatchOptions extends Omit<ReadingOptions, 'signal' | 'judge'> {
  /** The version that was read before: only another one is told. */
  readonly known: string;
  /** How often to look, in ms. Default 100. */
  readonly interval?: number;
}

/**
 * Follows a file from now on, until closed, and tells what came of reading it each time that it has changed. It does not keep the
 * process alive. Whatever is changed before the first look, or while a change is being judged, is seen too.
 *
 * @param onReading must not throw.
 */
export function watchConfiguration(
  file: string,
  onReading: (reading: Reading) => void,
  { known, interval = 100, ...reading }: WatchOptions,
): { close(): void } {
  const closed = new AbortController();
  const { signal } = closed;
  const judge = spareJudge(reading.limits);
  let timer: NodeJS.Timeout | undefined;
  let latest = known;
  let looking = false;
  let lookAgain = false;

  const look = async () => {
    lookAgain = looking;
    if (looking) return;
    looking = true;
    const found = await readBytes(file);
    if (found.version !== latest && !signal.aborted) {
      latest = found.version;
      const read = await judgeBytes(file, found, { ...reading, signal, judge });
      if (!signal.aborted) onReading(read);
      // The next edit is likely to come soon, and the process may be gone.
      if (!signal.aborted) judge.prepare();
    }
    looking = false;
    if (lookAgain && !signal.aborted) lookIn(0);
  };
  const lookIn = (delay: number) => {
    clearTimeout(timer);
    timer = setTimeout(look, delay);
    timer.unref();
  };
  const changed = () => {
    // It loads while the change rests.
    judge.prepare();
    lookIn(Math.min(SETTLED, interval));
  };

  // Polling by stat sees what events on a file do not: an editor that puts a new file in its place, a mount of Docker
  // that passes no events on, the swap of Kubernetes' symbolic link.
  watchFile(file, { interval, persistent: false }, changed);
  // The first stat comes after this turn; what changed in between would be its starting point.
  lookIn(interval);
  return {
    close() {
      clearTimeout(timer);
      unwatchFile(file, changed);
      judge.discard();
      closed.abort();
    },
  };
}
