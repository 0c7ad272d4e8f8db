import { readText } from '../integrations/read-catalogue.ts';
import { AddError } from './add-error.ts';
import { addToText, linesToPaste } from './add-to-text.ts';
import { editFile, exitCodeOf, type FileOptions } from './edit-file.ts';
import { instructions } from './instructions.ts';
import { listVendors } from './list.ts';
import { type WantedOptions, wanted } from './wanted.ts';

/** What is typed behind `attache add`. */
export interface AddOptions extends WantedOptions, FileOptions {
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
export function add(name: string | undefined, options: AddOptions): Promise<number> {
  return exitCodeOf(async () => {
    if (options.list === true) process.stdout.write(listVendors({ json: options.json === true }));
    else if (name === undefined) throw new AddError('no API is named; write attache add NAME, or attache add --list');
    else await addIntegration(name, options);
  });
}

async function addIntegration(name: string, options: AddOptions): Promise<void> {
  const { file, cluster, print } = options;
  const integration = wanted(name, options);
  const text = readText(file);
  if (print === true) {
    process.stdout.write(`${linesToPaste(file, text, integration, { cluster }).join('\n')}\n`);
    return;
  }
  const addition = addToText(file, text, integration, { cluster });
  await editFile(options, {
    before: text,
    after: addition.text,
    isLive: addition.isLive,
    inWords: `with ${integration.name}`,
    said: instructions(file, integration, addition),
    done: 'in use, and in the Envoy that gets its routes there',
  });
}
