import { checkElsewhere } from '../check/check-elsewhere.ts';
import { formatProblem } from '../integrations/problem.ts';
import { readText } from '../integrations/read-catalogue.ts';
import { AddError } from './add-error.ts';
import { addToText, linesToPaste } from './add-to-text.ts';
import { instructions } from './instructions.ts';
import { listVendors } from './list.ts';
import { type Reader, readerOf } from './taken-over.ts';
import { type WantedOptions, wanted } from './wanted.ts';
import { writeAtomically } from './write-atomically.ts';

/** What is typed behind `attache add`. */
export interface AddOptions extends WantedOptions {
  /** An Envoy configuration or a plain list of integrations. */
  readonly file: string;
  /** The cluster of the new route, where the file leaves open which. */
  readonly cluster?: string;
  /** Where a running Attaché is asked whether it has taken the integration over: `host:port`. Default: that of ATTACHE_ADMIN. */
  readonly admin?: string;
  /** Show the block and write nothing. */
  readonly print?: boolean;
  /** Show the catalogue instead. */
  readonly list?: boolean;
  /** Show it as JSON. */
  readonly json?: boolean;
}

const ADMIN = process.env.ATTACHE_ADMIN ?? '127.0.0.1:9464';

/**
 * `attache add`: writes an integration into the file and prints how to use it.
 *
 * @returns the exit code: 1 when nothing was added, for a reason that was printed.
 * @throws CatalogueError when the file cannot be read.
 */
export async function add(name: string | undefined, options: AddOptions): Promise<number> {
  try {
    if (options.list === true) process.stdout.write(listVendors({ json: options.json === true }));
    else if (name === undefined) throw new AddError('no API is named; write attache add NAME, or attache add --list');
    else await addIntegration(name, options);
    return 0;
  } catch (error) {
    if (!(error instanceof AddError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function addIntegration(
  name: string,
  { file, cluster, print, admin = ADMIN, ...options }: AddOptions,
): Promise<void> {
  const integration = wanted(name, options);
  const text = readText(file);
  if (print === true) {
    process.stdout.write(`${linesToPaste(file, text, integration, { cluster }).join('\n')}\n`);
    return;
  }
  const addition = addToText(file, text, integration, { cluster });
  const problems = await checkElsewhere(file, addition.text);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const reason = `${file} would not be valid with ${integration.name}, so it is left as it was:`;
    throw new AddError([reason, ...errors.map(formatProblem)].join('\n'));
  }
  const reader = addition.isLive ? await readerOf(admin, text) : undefined;
  writeAtomically(file, addition.text);
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  process.stdout.write(instructions(file, integration, addition));
  if (reader !== undefined) await waitFor(reader, { admin, file, before: text, after: addition.text });
}

/**
 * Waits until the Attaché that runs has taken the file over.
 *
 * @throws AddError when it, or Envoy, refuses that. The file is then as it was, unless somebody has edited it meanwhile.
 */
async function waitFor(
  reader: Reader,
  {
    admin,
    file,
    before,
    after,
  }: { readonly admin: string; readonly file: string; readonly before: string; readonly after: string },
): Promise<void> {
  process.stdout.write(`Waiting for the Attaché on ${admin} …`);
  const outcome = await reader.takes(after);
  if (outcome.kind === 'refused') {
    process.stdout.write(' refused\n');
    if (readText(file) === after) writeAtomically(file, before);
    throw new AddError([`${file} is left as it was:`, ...outcome.problems].join('\n'));
  }
  process.stdout.write(
    outcome.kind === 'taken'
      ? ' in use, and in the Envoy that gets its routes there\n'
      : ' not yet: see its log, or type attache status\n',
  );
}
