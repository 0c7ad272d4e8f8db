import { checkElsewhere } from '../check/check-elsewhere.ts';
import { formatProblem } from '../integrations/problem.ts';
import { readText } from '../integrations/read-catalogue.ts';
import { AddError } from './add-error.ts';
import { addToText, linesToPaste } from './add-to-text.ts';
import { instructions } from './instructions.ts';
import { listVendors } from './list.ts';
import { type WantedOptions, wanted } from './wanted.ts';
import { writeAtomically } from './write-atomically.ts';

/** What is typed behind `attache add`. */
export interface AddOptions extends WantedOptions {
  /** An Envoy configuration or a plain list of integrations. */
  readonly file: string;
  /** The cluster of the new route, where the file leaves open which. */
  readonly cluster?: string;
  /** Show the block and write nothing. */
  readonly print?: boolean;
  /** Show the catalogue instead. */
  readonly list?: boolean;
  /** Show it as JSON. */
  readonly json?: boolean;
}

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

async function addIntegration(name: string, { file, cluster, print, ...options }: AddOptions): Promise<void> {
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
  writeAtomically(file, addition.text);
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  process.stdout.write(instructions(file, integration, addition));
}
