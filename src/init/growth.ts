import { Document, isSeq, type Node, YAMLMap, YAMLSeq } from 'yaml';
import { AddError } from '../add/add-error.ts';
import type { Entry } from '../add/insert-entry.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';

/** What is to stand at a path: one item more of the list there, or a value. */
export type Leaf = { readonly item: Node; readonly index?: number } | { readonly value: Node };

/** What must be put where, so that it does. */
export interface Growth {
  readonly collection: YAMLSeq<unknown> | YAMLMap;
  readonly entry: Entry;
  readonly index: number;
}

/**
 * What must be put where so that a leaf stands at a path below a node, together with what is missing on the way. Undefined when a
 * value stands there already.
 *
 * @throws AddError when something else than a map or a list stands there.
 */
export function growthAt(
  source: YamlSource,
  base: Node | undefined,
  path: readonly string[],
  leaf: Leaf,
): Growth | undefined {
  let node = base;
  for (const [depth, name] of path.entries()) {
    const next = source.get(node, name);
    if (next === undefined) {
      const map = source.map(node);
      const empty = source.key(node, name);
      if (map === undefined || empty !== undefined)
        throw new AddError(
          `${empty === undefined ? (path[depth - 1] ?? 'the file') : name} (${source.file}:${source.place(empty ?? node).line}) is ${empty === undefined ? 'no map' : 'empty'}; take its line away`,
        );
      const inner = path.slice(depth + 1).reduceRight<Node>((value, key) => mapOf(key, value), whole(leaf));
      return { collection: map, entry: entryOf(mapOf(name, inner)), index: map.items.length };
    }
    node = next;
  }
  if ('value' in leaf) return undefined;
  if (!isSeq(node))
    throw new AddError(`${path.at(-1)} (${source.file}:${source.place(node).line}) is no list; take its line away`);
  return { collection: node, entry: entryOf(seqOf(leaf.item)), index: leaf.index ?? node.items.length };
}

function whole(leaf: Leaf): Node {
  return 'value' in leaf ? leaf.value : seqOf(leaf.item);
}

function seqOf(item: Node): YAMLSeq<unknown> {
  const seq = new YAMLSeq<unknown>();
  seq.add(item);
  return seq;
}

function mapOf(key: string, value: Node): YAMLMap {
  const map = new YAMLMap();
  map.set(key, value);
  return map;
}

function entryOf(content: YAMLSeq<unknown> | YAMLMap): Entry {
  const document = new Document(content);
  const text = document.toString({ lineWidth: 0, indentSeq: false, flowCollectionPadding: true });
  const data: unknown = document.toJS();
  return { lines: text.trimEnd().split('\n'), value: Array.isArray(data) ? data[0] : data };
}
