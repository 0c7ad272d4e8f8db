import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Every program of a name on a PATH that may be run, in the order in which they are found. */
export function* executables(name: string, path = ''): Generator<string> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    if (folder !== '' && isExecutable(file)) yield file;
  }
}

/** Whether a file may be run. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
