import { checkElsewhere } from '../check/check-elsewhere.ts';
import { formatProblem } from '../integrations/problem.ts';
import { AddError } from './add-error.ts';
import { settle } from './settle.ts';
import { readerOf } from './taken-over.ts';
import { writeAtomically } from './write-atomically.ts';

/** Which file is edited, as it is typed behind each command that does so. */
export interface FileOptions {
  /** An Envoy configuration or a plain list of integrations. */
  readonly file: string;
  /** Where a running Attaché is asked whether it has taken the edit over: `host:port`. Default: that of ATTACHE_ADMIN. */
  readonly admin?: string;
}

/** An edit of a file that was thought out, and not yet made. */
export interface Edit {
  readonly before: string;
  readonly after: string;
  /** Whether Envoy gets the routes of Attaché while it runs, so that the one can be waited for. */
  readonly isLive: boolean;
  /** Which edit it is, in a refusal: `envoy.yaml would not be valid with stripe`. */
  readonly inWords: string;
  /** What is told once it is written. */
  readonly said: string;
  /** What is told when the Attaché that runs has taken it over: `in use`. */
  readonly done: string;
}

const ADMIN = process.env.ATTACHE_ADMIN ?? '127.0.0.1:9464';

/**
 * Writes an edit into its file, unless `attache check` finds an error in what comes of it, and waits until the Attaché that runs has
 * taken it over.
 *
 * @throws AddError when it is refused, by the check, by Attaché or by Envoy. The file is then as it was, unless somebody has edited it
 *   meanwhile.
 */
export async function editFile({ file, admin = ADMIN }: FileOptions, edit: Edit): Promise<void> {
  const { before, after, isLive, inWords, said, done } = edit;
  const problems = await checkElsewhere(file, after);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw new AddError(
      [`${file} would not be valid ${inWords}, so it is left as it was:`, ...errors.map(formatProblem)].join('\n'),
    );
  const reader = isLive ? await readerOf(admin, before) : undefined;
  writeAtomically(file, after);
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  process.stdout.write(said);
  if (reader === undefined) return;
  process.stdout.write(`Waiting for the Attaché on ${admin} …`);
  const outcome = await settle(file, edit, reader);
  if (outcome.kind === 'refused') {
    process.stdout.write(' refused\n');
    throw new AddError([`${file} is left as it was:`, ...outcome.problems].join('\n'));
  }
  process.stdout.write(outcome.kind === 'taken' ? ` ${done}\n` : ' not yet: see its log, or type attache status\n');
}

/**
 * Runs a command, and prints why it was refused.
 *
 * @returns the exit code: 1 when nothing was edited, for a reason that was printed.
 * @throws CatalogueError when the file cannot be read.
 */
export async function exitCodeOf(command: () => Promise<void> | void): Promise<number> {
  try {
    await command();
    return 0;
  } catch (error) {
    if (!(error instanceof AddError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
