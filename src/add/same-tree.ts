import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';

/**
 * The one change that is meant: an entry more, or less, in a list or a map, with `index` entries before it, or other texts in scalars.
 * Nodes are those of the tree before.
 */
export type Change =
  | { readonly grown: Node; readonly index: number }
  | { readonly shrunk: Node; readonly index: number }
  | { readonly rewritten: ReadonlySet<Node> };

/** Whether two trees of YAML hold the same, but for one change. Anchors, tags and the order of keys count. */
export function isSameBut(change: Change, before: unknown, after: unknown): boolean {
  if (before === null || after === null || before === undefined || after === undefined)
    return (before ?? null) === (after ?? null);
  if (isAlias(before)) return isAlias(after) && before.source === after.source;
  const [a, b] = [before as Node, after as Node];
  if (
    isAlias(after) ||
    a.tag !== b.tag ||
    ('anchor' in a ? a.anchor : undefined) !== ('anchor' in b ? b.anchor : undefined)
  )
    return false;
  if (isScalar(before)) {
    return isScalar(after) && (('rewritten' in change && change.rewritten.has(before)) || before.value === after.value);
  }
  const grownAt = 'grown' in change && change.grown === before ? change.index : undefined;
  const shrunkAt = 'shrunk' in change && change.shrunk === before ? change.index : undefined;
  if (isSeq(before)) {
    const rest = isSeq(after) ? without(after.items, grownAt) : [];
    const kept = without(before.items, shrunkAt);
    return (
      isSeq(after) && rest.length === kept.length && kept.every((item, index) => isSameBut(change, item, rest[index]))
    );
  }
  if (!isMap(before) || !isMap(after)) return false;
  const rest = without(after.items, grownAt);
  const kept = without(before.items, shrunkAt);
  return (
    rest.length === kept.length &&
    kept.every((pair, index) => {
      const other = rest[index];
      return isSameBut(change, pair.key, other?.key) && isSameBut(change, pair.value, other?.value);
    })
  );
}

/** The items without the one that came in, or goes. */
function without<T>(items: readonly T[], index: number | undefined): readonly T[] {
  return index === undefined || index >= items.length ? items : items.toSpliced(index, 1);
}
