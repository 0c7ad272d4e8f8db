import { isScalar, type Node, Scalar } from 'yaml';
import { nameFault } from '../integrations/integration-name.ts';
import { liveRoutes } from '../integrations/live-routes.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { AddError } from './add-error.ts';
import { domainsOf } from './blocks.ts';
import { refuseTaken } from './envoy-place.ts';
import { findIntegration, refuseUnknown } from './find-integration.ts';
import { examineReadable, type Readable } from './readable.ts';
import { isSameBut } from './same-tree.ts';
import { scalar } from './yaml-text.ts';

/** A file's text in which an integration has another name. */
export interface Renaming {
  readonly text: string;
  /** The line on which it stands, from 1. */
  readonly line: number;
  /** The domains that it has had until now and those that it has now, one for each; none where it has others than `attache add` gives. */
  readonly domains: readonly (readonly [before: string, after: string])[];
  /** Name or ARN of its secret, which stays as it is; undefined when the file does not say. */
  readonly secret: string | undefined;
  /** False for a plain list, whose routes are elsewhere. */
  readonly isEnvoy: boolean;
  /** Whether Envoy gets all its routes of Attaché while it runs. */
  readonly isLive: boolean;
}

/**
 * Gives an integration another name in the text of a file, which it does not write: in its blocks, and in the name and the domains of
 * its virtual host, where these are made of the name. Its secret and every other byte stay.
 *
 * @throws AddError, or CatalogueError for a text that cannot be read.
 */
export function renameInText(file: string, text: string, name: string, next: string): Renaming {
  const before = examineReadable(file, text);
  const { source, isEnvoy } = before;
  refuseUnknown(before, name);
  refuseUnfit(before, name, next);
  const { routes, items } = findIntegration(before, name);
  const blocks = [...routes.map(({ block }) => block?.value), ...items];
  const wanted = new Map<Node, string>();
  for (const block of blocks) {
    const node = source.get(block, 'integration');
    if (node !== undefined) wanted.set(node, next);
  }
  const domains = new Map<string, string>();
  for (const host of ownHosts(before, name)) {
    const nameNode = source.get(host, 'name');
    if (nameNode !== undefined && textOf(nameNode) === name) wanted.set(nameNode, next);
    for (const node of source.items(source.get(host, 'domains'))) {
      const renamed = otherDomain(textOf(node) ?? '', name, next);
      if (renamed === undefined) continue;
      wanted.set(node, renamed);
      domains.set(textOf(node) ?? '', renamed);
    }
  }
  const live = liveRoutes(source, before.maps).map(({ routeConfig }) => routeConfig);
  return {
    text: rewritten(before, text, wanted, name),
    line: Math.min(...[...wanted.keys()].map((node) => source.place(node).line)),
    domains: [...domains],
    secret: blocks.map((block) => textOf(source.get(block, 'secret'))).find((id) => id !== undefined),
    isEnvoy,
    isLive: routes.length > 0 && routes.every(({ routeConfig }) => live.some((it) => it === routeConfig)),
  };
}

/** @throws AddError when the new name is none, or taken. */
function refuseUnfit(readable: Readable, name: string, next: string): void {
  if (next === name) throw new AddError(`integration ${name} has that name already`);
  const plain = new Scalar(next);
  plain.type = 'PLAIN';
  plain.source = next;
  const fault = nameFault(plain);
  if (fault !== undefined) throw new AddError(`${fault.reason}; ${fault.mend}`);
  const { source, routes, isEnvoy } = readable;
  const lists = routes.map(({ routeConfig }) => source.get(routeConfig, 'virtual_hosts'));
  for (const list of isEnvoy ? new Set(lists) : [undefined]) refuseTaken(readable, list, next, 'choose another name');
}

/** The virtual hosts that are for this integration and for no other. */
function ownHosts(readable: Readable, name: string): ReadonlySet<Node> {
  const { routes } = findIntegration(readable, name);
  const foreign = readable.routes.filter((route) => route.block !== undefined && !routes.includes(route));
  const others = new Set(foreign.map(({ virtualHost }) => virtualHost));
  return new Set(routes.map(({ virtualHost }) => virtualHost).filter((host) => !others.has(host)));
}

/** A domain as it is under the new name: with its port, if it has one; undefined for one that is not made of the name. */
function otherDomain(domain: string, name: string, next: string): string | undefined {
  const [, host = '', port = ''] = /^(.*?)(:.*)?$/.exec(domain) ?? [];
  const index = domainsOf(name).indexOf(host);
  const renamed = domainsOf(next)[index];
  return renamed === undefined ? undefined : renamed + port;
}

/** @throws AddError for a text that is written in a way in which it cannot be replaced. */
function rewritten(readable: Readable, text: string, wanted: ReadonlyMap<Node, string>, name: string): string {
  const { source } = readable;
  let result = text;
  for (const [node, put] of [...wanted].sort(([a], [b]) => (b.range?.[0] ?? 0) - (a.range?.[0] ?? 0))) {
    const [start = 0, end = 0] = node.range ?? [];
    const type = isScalar(node) && node.anchor === undefined ? (node.type ?? '') : '';
    const quoted = QUOTED[type]?.(put);
    if (quoted === undefined)
      throw new AddError(
        `integration ${name} is named at ${source.file}:${source.place(node).line} in a way that cannot be rewritten; write its name out there`,
      );
    result = result.slice(0, start) + quoted + result.slice(end);
  }
  const after = examineReadable(source.file, result);
  if (!isSameBut({ rewritten: new Set(wanted.keys()) }, source.root, after.source.root))
    throw new AddError(
      `integration ${name} stands in ${source.file} in a way that cannot be rewritten; rename it by hand`,
    );
  return result;
}

const QUOTED: Readonly<Record<string, (text: string) => string>> = {
  PLAIN: scalar,
  QUOTE_DOUBLE: (text) => `"${text}"`,
  QUOTE_SINGLE: (text) => `'${text}'`,
};
