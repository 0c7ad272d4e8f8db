import { isSeq, type Node, visit, type YAMLSeq } from 'yaml';
import { closest } from '../integrations/closest.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { VENDORS } from '../vendors/vendors.ts';
import { AddError } from './add-error.ts';
import type { Readable } from './readable.ts';

/** Where an integration stands in a file: its routes, or its items in a plain list. */
export interface Found {
  readonly routes: readonly Route[];
  readonly items: readonly Node[];
}

/** Everything that names an integration, right or wrong; nothing where the file does not have it. */
export function findIntegration({ source, isEnvoy, routes }: Readable, name: string): Found {
  const isNamed = (block: unknown) => textOf(source.get(block, 'integration')) === name;
  return {
    routes: routes.filter(({ block }) => block !== undefined && isNamed(block.value)),
    items: isEnvoy ? [] : source.items(source.get(source.root, 'integrations')).filter(isNamed),
  };
}

/** @throws AddError when a file has no integration of a name: it tells which one may be meant. */
export function refuseUnknown(readable: Readable, name: string): void {
  const { source, catalogue } = readable;
  const { routes, items } = findIntegration(readable, name);
  if (routes.length + items.length > 0) return;
  const names = namesIn(readable);
  const host = VENDORS.get(name)?.host;
  const ofSameHost = [...catalogue].find((integration) => integration.host === host)?.name;
  const near = ofSameHost ?? closest(name, names);
  const mend =
    near !== undefined
      ? `did you mean ${near}${near === ofSameHost ? `, which is for ${host}` : ''}?`
      : names.length === 0
        ? 'it has none at all'
        : 'attache list shows those that it has';
  throw new AddError(`${source.file} has no integration named "${name}"; ${mend}`);
}

function namesIn({ source, isEnvoy, routes }: Readable): string[] {
  const blocks = isEnvoy
    ? routes.map(({ block }) => block?.value)
    : source.items(source.get(source.root, 'integrations'));
  return [...new Set(blocks.flatMap((block) => textOf(source.get(block, 'integration')) ?? []))];
}

/** The list that has a node as an item, and which one it is; undefined for a node that stands elsewhere. */
export function listHolding({ source }: Readable, node: Node): { list: YAMLSeq<unknown>; index: number } | undefined {
  let found: { list: YAMLSeq<unknown>; index: number } | undefined;
  if (source.root !== undefined)
    visit(source.root, {
      Seq: (_, list) => {
        const index = list.items.indexOf(node);
        if (index < 0) return undefined;
        found = { list, index };
        return visit.BREAK;
      },
    });
  return isSeq(found?.list) ? found : undefined;
}
