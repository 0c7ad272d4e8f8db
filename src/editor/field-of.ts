import type { Node } from 'yaml';
import { findIntegration } from '../add/find-integration.ts';
import type { Readable } from '../add/readable.ts';
import { KINDS } from '../credentials/kinds.ts';
import type { Place } from '../integrations/problem.ts';

/** The fields of the form that have another name than the key of the block. */
const NAMES: Readonly<Record<string, string>> = { integration: 'name', host: 'target' };

/**
 * The field of the form that a place in the file came of.
 *
 * @returns undefined for a place that is not of this integration; no field where none can be told.
 */
export function fieldOf(
  readable: Readable,
  name: string,
  at: Place,
): { readonly field: string | undefined } | undefined {
  const { source } = readable;
  const { routes, items } = findIntegration(readable, name);
  const isIn = (node: Node | undefined) => {
    const [start = 0, , end = 0] = node?.range ?? [];
    return node !== undefined && !isBefore(at, source.placeOf(start)) && isBefore(at, source.placeOf(end));
  };
  const block = [...routes.map((route) => route.block?.value), ...items].find(isIn);
  if (block !== undefined) {
    // The last key that does not begin behind the place.
    const key = source.pairs(block).findLast(({ keyNode }) => !isBefore(at, source.place(keyNode)))?.key;
    if (key === undefined || source.place(block).line === at.line) return { field: undefined };
    return { field: KINDS.some((kind) => kind.key === key) ? 'send' : (NAMES[key] ?? key) };
  }
  const route = routes.find(({ virtualHost }) => isIn(virtualHost));
  if (route === undefined) return undefined;
  const host = source.get(route.route, 'route', 'host_rewrite_literal');
  const domains = source.get(route.virtualHost, 'domains');
  return { field: isIn(host) ? 'target' : isIn(domains) ? 'name' : undefined };
}

function isBefore(a: Pick<Place, 'line' | 'column'>, b: Pick<Place, 'line' | 'column'>): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}
