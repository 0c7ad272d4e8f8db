import type { YAMLMap, YAMLSeq } from 'yaml';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { AddError } from './add-error.ts';
import { type Entry, type Insertion, insertEntry } from './insert-entry.ts';
import { examineReadable, type Readable } from './readable.ts';
import { isSameBut } from './same-tree.ts';

/**
 * Puts an entry into a list or a map of a file, and sees that nothing else has become of the file.
 *
 * @param source the same text, read.
 * @param index how many entries stand before it; all of them unless given.
 * @throws AddError for a list or map that is written in a way that cannot be extended.
 */
export function grow(
  text: string,
  source: YamlSource,
  collection: YAMLSeq<unknown> | YAMLMap,
  entry: Entry,
  index: number = collection.items.length,
): { readonly insertion: Insertion; readonly after: Readable } {
  const where = `${source.file}:${source.place(collection).line}`;
  const insertion = insertEntry(text, collection, entry, where, index);
  const after = examineReadable(source.file, insertion.text);
  if (!isSameBut({ grown: collection, index }, source.root, after.source.root))
    throw new AddError(`what stands at ${where} is written in a way that cannot be extended; paste what --print shows`);
  return { insertion, after };
}
