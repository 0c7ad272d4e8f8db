import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';

/** The one change that is meant: an item more in a list, or another text in a scalar. Nodes are those of the tree before. */
export type Change = { readonly grown: Node } | { readonly rewritten: Node };

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
  if (isSeq(before)) {
    const more = 'grown' in change && change.grown === before ? 1 : 0;
    return (
      isSeq(after) &&
      after.items.length === before.items.length + more &&
      before.items.every((item, index) => isSameBut(change, item, after.items[index]))
    );
  }
  return (
    isMap(before) &&
    isMap(after) &&
    after.items.length === before.items.length &&
    before.items.every((pair, index) => {
      const other = after.items[index];
      return isSameBut(change, pair.key, other?.key) && isSameBut(change, pair.value, other?.value);
    })
  );
}
