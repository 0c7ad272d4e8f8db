import { randomUUID } from 'node:crypto';
import { chmodSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

/**
 * Writes a new file in one step: whoever looks sees none of it or all. What exists already is never overwritten.
 *
 * @param mode whatever the umask is.
 * @throws Error when there is such a file, also one that appeared this moment, or the folder cannot be written to.
 */
export function writeOnce(file: string, text: string, mode: number): void {
  // The same ending, so that what keeps keys out of a repository holds for this one too.
  const temporary = join(dirname(file), `.${randomUUID()}${extname(file)}`);
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600 });
    chmodSync(temporary, mode);
    // Unlike a rename, a link does not replace what is there.
    linkSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}
