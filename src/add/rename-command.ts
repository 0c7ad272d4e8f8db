import { readText } from '../integrations/read-catalogue.ts';
import { editFile, exitCodeOf, type FileOptions } from './edit-file.ts';
import { type Renaming, renameInText } from './rename-in-text.ts';

/**
 * `attache rename`: gives an integration another name, and with it another address.
 *
 * @returns the exit code: 1 when nothing was renamed, for a reason that was printed.
 * @throws CatalogueError when the file cannot be read.
 */
export function rename(name: string, next: string, options: FileOptions): Promise<number> {
  return exitCodeOf(async () => {
    const { file } = options;
    const before = readText(file);
    const renaming = renameInText(file, before, name, next);
    await editFile(options, {
      before,
      after: renaming.text,
      isLive: renaming.isLive,
      inWords: `with ${name} named ${next}`,
      said: told(file, { name, next }, renaming),
      done: 'in use under its new name, and in the Envoy that gets its routes there',
    });
  });
}

function told(
  file: string,
  { name, next }: { readonly name: string; readonly next: string },
  { line, domains, secret, isEnvoy, isLive }: Renaming,
): string {
  const [first] = domains;
  return [
    `Renamed ${name} to ${next}: ${file}:${line}`,
    ...(secret === undefined ? [] : [`Its secret is ${secret}, as before.`]),
    ...(first === undefined
      ? isEnvoy
        ? ['Programs reach it under the domains that it had: they are not made of its name.']
        : [`The route of Envoy that names ${name} must name ${next} from now on: until then its requests are refused.`]
      : [`Programs reach it at http://${first[1]} from now on, and at http://${first[0]} no more.`]),
    isLive
      ? 'Attaché notices the edit, and gives the route to Envoy while it runs, in about a second.'
      : `Attaché notices the edit by itself${isEnvoy ? '; restart Envoy, for until then requests to it are refused' : ''}.`,
    '',
  ].join('\n');
}
