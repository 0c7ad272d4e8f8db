import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import { MOST_PROBLEMS } from './problem.ts';
import { BoundError, MOST_LEVELS, MOST_WRITTEN_OUT } from './yaml-bounds.ts';

/** What is wrong with a node that is valid YAML. */
interface Fault {
  readonly node: Node;
  readonly reason: string;
  readonly mend: string;
}

/** How much a node is with all of its aliases written out. */
interface Extent {
  readonly values: number;
  readonly levels: number;
}

/**
 * Finds what each alias of a document stands for, and what Envoy would not take: keys that stand twice in one map, aliases of
 * nothing or of what they stand in, and merge keys. It takes time in proportion to the text.
 *
 * @throws BoundError for aliases that stand for too much.
 */
export function resolveAliases(document: Document): { targets: Map<Node, Node>; faults: Fault[] } {
  const targets = new Map<Node, Node>();
  const faults: Fault[] = [];
  const anchors = new Map<string, Node>();
  const extents = new Map<Node, Extent>();
  const open = new Set<Node>();

  const fault = (node: Node, reason: string, mend: string) => {
    if (faults.length < MOST_PROBLEMS) faults.push({ node, reason, mend });
  };

  const ofAlias = (alias: Node & { readonly source: string }): Extent => {
    const target = anchors.get(alias.source);
    if (target === undefined) {
      fault(
        alias,
        `*${alias.source} names an anchor that does not exist`,
        `write &${alias.source} before what it stands for, above this line`,
      );
    } else if (open.has(target)) {
      fault(alias, `*${alias.source} stands inside of what it stands for`, 'write out what is meant');
    } else {
      targets.set(alias, target);
      return extents.get(target) ?? LEAF;
    }
    return LEAF;
  };

  const ofNode = (node: unknown): Extent => {
    if (!isNode(node)) return LEAF;
    if (isAlias(node)) return ofAlias(node);
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isScalar(node)) return LEAF;
    open.add(node);
    let values = 1;
    let levels = 0;
    const keys = new Set<unknown>();
    const add = (part: unknown) => {
      const extent = ofNode(part);
      values += extent.values;
      levels = Math.max(levels, extent.levels);
      const at = isNode(part) ? part.range?.[0] : undefined;
      if (values > MOST_WRITTEN_OUT) throw tooMuch(at);
      if (levels >= MOST_LEVELS) throw tooDeep(at);
    };
    if (isSeq(node)) for (const item of node.items) add(item);
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (isScalar(key)) {
          if (keys.has(key.value)) fault(key, 'this key stands twice in one map', 'remove one of the two');
          keys.add(key.value);
          if (key.value === '<<' && key.type === 'PLAIN')
            fault(
              key,
              'Envoy does not know merge keys (<<)',
              'write the fields out, or refer to the whole map with an alias',
            );
        }
        add(key);
        add(value);
      }
    }
    open.delete(node);
    const extent = { values, levels: levels + 1 };
    extents.set(node, extent);
    return extent;
  };

  ofNode(document.contents);
  return { targets, faults };
}

const LEAF: Extent = { values: 1, levels: 1 };

function tooMuch(offset = 0): BoundError {
  return new BoundError(
    offset,
    `up to here the file stands for more than ${MOST_WRITTEN_OUT} values with its aliases written out, the most that are read`,
    'take aliases of aliases away',
  );
}

function tooDeep(offset = 0): BoundError {
  return new BoundError(
    offset,
    `nested deeper than ${MOST_LEVELS} levels with its aliases written out`,
    'write it flatter; Envoy reads no more either',
  );
}
