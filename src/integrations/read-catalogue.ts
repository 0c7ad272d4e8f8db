import { readFileSync } from 'node:fs';
import type { Catalogue } from './catalogue.ts';
import { examine } from './examine.ts';
import { CatalogueError, type Problem } from './problem.ts';

/** The integrations of a file, and what could be better in it. */
export interface CatalogueReading {
  readonly catalogue: Catalogue;
  readonly warnings: readonly Problem[];
}

/**
 * Reads the integrations out of Envoy's configuration, or out of a plain file that lists them.
 *
 * @throws CatalogueError with every problem, when the file cannot be read or one of them is an error.
 */
export function readCatalogue(file: string): CatalogueReading {
  return parseCatalogue(file, readText(file));
}

/**
 * The same for a text that was read already.
 *
 * @throws CatalogueError with every problem, when one of them is an error.
 */
export function parseCatalogue(file: string, text: string): CatalogueReading {
  const { catalogue, problems } = examine(file, text);
  if (problems.some(({ severity }) => severity === 'error')) throw new CatalogueError(problems);
  return { catalogue, warnings: problems };
}

/** @throws CatalogueError when the file cannot be read or is not in UTF-8. */
export function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new CatalogueError([{ file, line: 1, column: 1, severity: 'error', ...unreadable(error) }]);
  }
}

function unreadable(error: unknown): { readonly reason: string; readonly mend: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const mend = 'name the right file in ATTACHE_CONFIG or --config';
  switch (code) {
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { reason: 'the file is not in UTF-8', mend: 'save it in UTF-8' };
    case 'ENOENT':
      return { reason: 'there is no such file', mend };
    case 'EISDIR':
      return { reason: 'this is a directory', mend };
    case 'EACCES':
      return {
        reason: 'the file may not be read by this user',
        mend: 'allow it to be read, or name another in ATTACHE_CONFIG or --config',
      };
    default:
      return { reason: `the file cannot be read (${code})`, mend };
  }
}
