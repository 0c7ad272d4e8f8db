import { CatalogueError, type Problem } from '../integrations/problem.ts';
import { type CatalogueReading, parseCatalogue, readText } from '../integrations/read-catalogue.ts';

/**
 * The text of the configuration that the workers have taken over last. A worker that starts while the file has a mistake
 * starts from this: a mistake must change nothing, whenever a worker is replaced.
 */
export class LastGoodConfiguration {
  readonly #file: string;
  #text: string;
  /** What could be better in the file, as it was at the start. */
  readonly warnings: readonly Problem[];

  /** @throws CatalogueError with every problem of the file. */
  constructor(file: string) {
    this.#file = file;
    this.#text = readText(file);
    this.warnings = parseCatalogue(file, this.#text).warnings;
  }

  get text(): string {
    return this.#text;
  }

  /** Takes what a worker says that it has taken over; a text with mistakes is left aside. */
  take(text: string): void {
    if (text === this.#text) return;
    try {
      parseCatalogue(this.#file, text);
      this.#text = text;
    } catch (error) {
      // The file was changed once more while the worker read it: the worker will say so.
      if (!(error instanceof CatalogueError)) throw error;
    }
  }
}

/** The first reading of a configuration. */
export interface FirstReading {
  readonly reading: CatalogueReading;
  /** Why the file itself could not be used; empty when it was. */
  readonly problems: readonly Problem[];
}

/**
 * Reads the file, or, when it has mistakes, takes the text that was good before.
 *
 * @param text absent: mistakes are an error.
 * @throws CatalogueError with every problem of the file.
 */
export function readWithFallback(file: string, text: string | undefined): FirstReading {
  try {
    return { reading: parseCatalogue(file, readText(file)), problems: [] };
  } catch (error) {
    if (!(error instanceof CatalogueError) || text === undefined) throw error;
    return { reading: parseCatalogue(file, text), problems: error.problems };
  }
}
