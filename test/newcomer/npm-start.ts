import { join } from 'node:path';
import { execPath } from 'node:process';
import { plainEnvironment } from '../../local/environment.ts';
import { type Program, startProgram } from '../../local/process.ts';

const START = join(import.meta.dirname, '..', '..', 'local', 'start.ts');

/** `npm start`, and what it has printed for people. */
export interface Started extends AsyncDisposable {
  readonly program: Program;
  /** The lines that are there to be typed, without their indentation. */
  readonly typed: readonly string[];
}

/**
 * Starts it as `npm start` does, and waits until it has said what can be typed.
 *
 * @param config the envoy.yaml to run. Default: the repository's own.
 * @throws Error with its last lines when it ends before
 */
export async function npmStart(config?: string): Promise<Started> {
  const program = await startProgram({
    name: 'npm start',
    command: execPath,
    args: [START],
    env: plainEnvironment(config === undefined ? {} : { ATTACHE_CONFIG: config }),
  });
  const stop = async () => {
    await program.stop(15_000);
  };
  try {
    await program.until(async () => program.stdout.entries.some((line) => line.startsWith('time ')), {
      failure: 'npm start did not say what can be typed',
      timeoutMs: 90_000,
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const typed = program.stdout.entries
    .filter((line) => /^ {2}\S/.test(line) && !/^ *[\d.]+ s /.test(line))
    .map((line) => line.trim());
  return { program, typed, [Symbol.asyncDispose]: stop };
}
