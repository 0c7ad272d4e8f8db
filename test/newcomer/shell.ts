import { join } from 'node:path';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { runProgram } from '../../local/process.ts';

/** A terminal in which lines are typed one after the other; none of what one sets is there in another. */
export interface Shell {
  /** Where its programs are written, and the packages that they import are installed. */
  readonly folder: string;
  /**
   * Types these lines, and gives back what they print.
   *
   * @throws Error with their last words when the last one fails
   */
  type(...lines: readonly string[]): Promise<string>;
}

/** Opens one in a folder of its own. Node is the one that runs this; everything else is found on the PATH. */
export function openShell(): Shell {
  const folder = privateFolder();
  const env = plainEnvironment({ HOME: folder, PATH: `${join(process.execPath, '..')}:${process.env.PATH}` });
  return {
    folder,
    type: async (...lines) => {
      const { stdout } = await runProgram({
        name: lines.join('; '),
        command: 'sh',
        args: ['-ec', lines.join('\n')],
        env,
        cwd: folder,
      });
      return stdout.entries.join('\n');
    },
  };
}
