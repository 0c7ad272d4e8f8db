import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';

/**
 * The one change that is meant: an entry more in a list or a map, with `index` entries before it, or another text in a scalar. Nodes
 * are those of the tree before.
 */
export type Change = { readonly grown: Node; readonly index: number } | { readonly rewritten: Node };

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
    return isScalar(after) && (('rewritten' in change && change.rewritten === before) || before.value === after.value);
  }
  const grownAt = 'grown' in change && change.grown === before ? change.index : undefined;
  if (isSeq(before)) {
    const rest = isSeq(after) ? without(after.items, grownAt) : [];
    return (
      isSeq(after) &&
      rest.length === before.items.length &&
      before.items.every((item, index) => isSameBut(change, item, rest[index]))
    );
  }
  const rest = isMap(after) ? without(after.items, grownAt) : [];
  return (
    isMap(before) &&
    isMap(after) &&
    rest.length === before.items.length &&
    before.items.every((pair, index) => {
      const other = rest[index];
      return isSameBut(change, pair.key, other?.key) && isSameBut(change, pair.value, other?.value);
    })
  );
}

/** The items without the one that came in. */
function without<T>(items: readonly T[], index: number | undefined): readonly T[] {
  return index === undefined || index >= items.length ? items : items.toSpliced(index, 1);
}
