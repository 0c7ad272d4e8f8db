import { isAlias, isNode, type Node, visit, type YAMLSeq } from 'yaml';
import { CatalogueError } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { AddError } from './add-error.ts';
import { examineReadable, type Readable } from './readable.ts';
import { removeEntry, type Shortened } from './remove-entry.ts';
import { isSameBut } from './same-tree.ts';

/**
 * Takes an item out of a list of a file, and sees that nothing else has become of the file.
 *
 * @param readable the same text, read.
 * @param what names the item in errors: `integration stripe`.
 * @throws AddError for an item that others refer to, or that is written in a way that cannot be taken out.
 */
export function shrink(
  text: string,
  readable: Readable,
  { list, index, what }: { readonly list: YAMLSeq<unknown>; readonly index: number; readonly what: string },
): { readonly shortened: Shortened; readonly after: Readable } {
  const { source } = readable;
  const item = list.items[index];
  const at = (node: Node | undefined) => `${source.file}:${source.place(node).line}`;
  refuseSharedAnchors(source, item, what);
  const shortened = isAlias(item) ? undefined : removeEntry(text, list, index, keyOf(source, list));
  const after = shortened && readAgain(source.file, shortened.text);
  if (
    shortened === undefined ||
    after === undefined ||
    !isSameBut({ shrunk: list, index }, source.root, after.source.root)
  )
    throw new AddError(
      `${what} stands in ${source.file} in a way that cannot be taken out (${at(isNode(item) ? item : list)}); take its lines away by hand`,
    );
  return { shortened, after };
}

/** The key under which a list stands; undefined for a list that stands in another one. */
function keyOf({ root }: YamlSource, list: YAMLSeq<unknown>): Node | undefined {
  let key: unknown;
  if (root !== undefined)
    visit(root, {
      Pair: (_, pair) => {
        if (pair.value !== list) return undefined;
        key = pair.key;
        return visit.BREAK;
      },
    });
  return isNode(key) ? key : undefined;
}

function readAgain(file: string, text: string): Readable | undefined {
  try {
    return examineReadable(file, text);
  } catch (error) {
    if (error instanceof CatalogueError) return undefined;
    throw error;
  }
}

/** @throws AddError when aliases elsewhere stand for something in an item that goes. */
function refuseSharedAnchors(source: YamlSource, item: unknown, what: string): void {
  if (!isNode(item) || isAlias(item) || source.root === undefined) return;
  const inside = new Set<Node>();
  const anchored = new Set<Node>();
  visit(item, {
    Node: (_, node) => {
      inside.add(node);
      if ('anchor' in node && node.anchor !== undefined) anchored.add(node);
    },
  });
  if (anchored.size === 0) return;
  visit(source.root, {
    Alias: (_, alias) => {
      const target = source.follow(alias);
      if (inside.has(alias) || target === undefined || !anchored.has(target)) return;
      throw new AddError(
        `${what} has the anchor &${alias.source}, which is used elsewhere (*${alias.source}, ${source.file}:${source.place(alias).line}); move what it stands for to there first`,
      );
    },
  });
}
