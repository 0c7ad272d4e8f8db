import { closeSync, openSync, readSync } from 'node:fs';
import { build } from './build.ts';
import type { Catalogue } from './catalogue.ts';
import { tooLarge } from './compose-yaml.ts';
import type { CatalogueDescription } from './description.ts';
import { examine } from './examine.ts';
import { CatalogueError, type Problem } from './problem.ts';
import { MOST_BYTES } from './yaml-bounds.ts';

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
  const { description, warnings } = describeCatalogue(file, text);
  return { catalogue: build(description), warnings };
}

/**
 * The same as plain data.
 *
 * @throws CatalogueError with every problem, when one of them is an error.
 */
export function describeCatalogue(
  file: string,
  text: string,
): { readonly description: CatalogueDescription; readonly warnings: readonly Problem[] } {
  const { description, problems } = examine(file, text);
  if (problems.some(({ severity }) => severity === 'error')) throw new CatalogueError(problems);
  return { description, warnings: problems };
}

/** @throws CatalogueError when the file cannot be read, is too large or is not in UTF-8. */
export function readText(file: string): string {
  try {
    return decodeText(file, readStart(file, MOST_BYTES + 1));
  } catch (error) {
    throw error instanceof CatalogueError ? error : new CatalogueError([unreadable(file, error)]);
  }
}

/** @throws CatalogueError when the bytes are too many or are not in UTF-8. */
export function decodeText(file: string, bytes: Uint8Array): string {
  const problem = { file, line: 1, column: 1, severity: 'error' as const };
  if (bytes.length > MOST_BYTES) {
    const { message: reason, mend } = tooLarge();
    throw new CatalogueError([{ ...problem, reason, mend }]);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CatalogueError([{ ...problem, reason: 'the file is not in UTF-8', mend: 'save it in UTF-8' }]);
  }
}

/** Why a file cannot be read. */
export function unreadable(file: string, error: unknown): Problem {
  return { file, line: 1, column: 1, severity: 'error', ...explain(error) };
}

/** The first bytes of a file, which may be one without an end. */
function readStart(file: string, most: number): Uint8Array {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.allocUnsafe(most);
    let length = 0;
    while (length < most) {
      const read = readSync(descriptor, bytes, length, most - length, null);
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function explain(error: unknown): { readonly reason: string; readonly mend: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const mend = 'name the right file in ATTACHE_CONFIG or --config';
  switch (code) {
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
