import { type Stats, unwatchFile, watchFile } from 'node:fs';
import { CatalogueError, type Problem } from './problem.ts';
import { type CatalogueReading, parseCatalogue, readText } from './read-catalogue.ts';

/** Who is told of changes. Neither may throw. */
export interface CatalogueListener {
  /** The file was changed and is valid. */
  onCatalogue(reading: CatalogueReading): void;
  /** The file was changed and cannot be used, or it is gone: what was read before stays in force. */
  onProblems(problems: readonly Problem[]): void;
}

/** How long a change must have rested before it is read, in ms: an editor may write a file in several pieces. */
const SETTLED = 100;

/**
 * Follows a file from now on, until closed. It does not keep the process alive. Start it in the turn in which the file was read.
 *
 * @param options.interval how often to look, in ms.
 */
export function watchCatalogue(
  file: string,
  listener: CatalogueListener,
  options: { readonly interval?: number } = {},
): { close(): void } {
  const interval = options.interval ?? 1_000;
  let known = textOrProblems(file);
  let timer: NodeJS.Timeout | undefined;

  const look = () => {
    const found = textOrProblems(file);
    if (typeof found === 'string' && found === known) return;
    if (typeof found !== 'string' && typeof known !== 'string' && found[0]?.reason === known[0]?.reason) return;
    known = found;
    if (typeof found === 'string') tell(file, found, listener);
    else listener.onProblems(found);
  };
  const lookIn = (delay: number) => {
    clearTimeout(timer);
    timer = setTimeout(look, delay);
    timer.unref();
  };
  const changed = (_now: Stats, _before: Stats) => lookIn(Math.min(SETTLED, interval));

  // Polling by stat sees what events on a file do not: an editor that puts a new file in its place, a mount of Docker
  // that passes no events on, the swap of Kubernetes' symbolic link.
  watchFile(file, { interval, persistent: false }, changed);
  // The first stat comes after this turn; what changed in between would be its starting point.
  lookIn(interval);
  return {
    close() {
      clearTimeout(timer);
      unwatchFile(file, changed);
    },
  };
}

function textOrProblems(file: string): string | readonly Problem[] {
  try {
    return readText(file);
  } catch (error) {
    if (error instanceof CatalogueError) return error.problems;
    throw error;
  }
}

function tell(file: string, text: string, listener: CatalogueListener): void {
  let reading: CatalogueReading;
  try {
    reading = parseCatalogue(file, text);
  } catch (error) {
    if (!(error instanceof CatalogueError)) throw error;
    listener.onProblems(error.problems);
    return;
  }
  listener.onCatalogue(reading);
}
