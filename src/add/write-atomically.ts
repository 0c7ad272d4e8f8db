import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/**
 * Replaces a file's text in one step, so that whoever reads it sees the old or the new one. Its mode and its byte
 * order mark stay, and a symbolic link to it stays one.
 *
 * @throws Error when the folder cannot be written to; then the file is as it was.
 */
export function writeAtomically(file: string, text: string): void {
  const target = realpathSync(file);
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    const mark = readFileSync(target).subarray(0, 3).toString() === '\ufeff' ? '\ufeff' : '';
    writeFileSync(temporary, mark + text, { flag: 'wx' });
    chmodSync(temporary, statSync(target).mode & 0o7777);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
