import { readText } from '../integrations/read-catalogue.ts';
import { editFile, exitCodeOf, type FileOptions } from './edit-file.ts';
import { type Removal, removeFromText } from './remove-from-text.ts';

/**
 * `attache remove`: takes an integration out of the file, and says what is left of it.
 *
 * @returns the exit code: 1 when nothing was removed, for a reason that was printed.
 * @throws CatalogueError when the file cannot be read.
 */
export function remove(name: string, options: FileOptions): Promise<number> {
  return exitCodeOf(async () => {
    const { file } = options;
    const before = readText(file);
    const removal = removeFromText(file, before, name);
    await editFile(options, {
      before,
      after: removal.text,
      isLive: removal.isLive,
      inWords: `without ${name}`,
      said: told(file, name, removal),
      done: 'closed: the Envoy that gets its routes there refuses new requests to it',
    });
  });
}

function told(file: string, name: string, { line, narrowed, secret, stays, isEnvoy, isLive }: Removal): string {
  return [
    `Removed ${name}: ${file}:${line}`,
    ...stays.map((host) => `The virtual host ${host} stays, for it has other routes.`),
    ...(narrowed === undefined
      ? []
      : [
          `Attaché may write ${narrowed.headers.join(', ')} no more: ${file}:${narrowed.line} (allow_expression), once Envoy is restarted; there is no hurry.`,
        ]),
    ...(secret === undefined ? [] : [ofSecret(secret)]),
    whenGone({ isEnvoy, isLive }),
    '',
  ].join('\n');
}

function ofSecret({ id, usedBy }: NonNullable<Removal['secret']>): string {
  return usedBy.length > 0
    ? `The secret ${id} is still used, by ${usedBy.join(', ')}.`
    : `No integration of this file uses the secret ${id} any more. It was left in AWS.`;
}

function whenGone({ isEnvoy, isLive }: Pick<Removal, 'isEnvoy' | 'isLive'>): string {
  if (!isEnvoy)
    return 'Attaché notices the edit by itself, and refuses requests to it. Take its route out of Envoy too.';
  return isLive
    ? 'Attaché notices the edit, and takes the route from Envoy while it runs, in about a second.'
    : 'Attaché notices the edit by itself, and refuses requests to it; restart Envoy to have its route gone.';
}
