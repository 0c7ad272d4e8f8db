import { isMap, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** A route of Envoy's configuration, with what it stands in. */
export interface Route {
  readonly route: YAMLMap;
  readonly virtualHost: YAMLMap;
  /** Absent for a virtual host that stands alone, as VHDS delivers it. */
  readonly routeConfig: YAMLMap | undefined;
  /** What stands under `metadata.filter_metadata.attache`: anything, perhaps no map. Undefined when the key is absent. */
  readonly block: { readonly key: Node | undefined; readonly value: Node | undefined } | undefined;
}

/** Every map of the file, each one once, however many aliases it has. */
export function allMaps(source: YamlSource): YAMLMap[] {
  const seen = new Set<Node>();
  const maps: YAMLMap[] = [];
  const waiting: unknown[] = [source.root];
  while (waiting.length > 0) {
    const node = source.follow(waiting.pop());
    if (node === undefined || seen.has(node)) continue;
    seen.add(node);
    if (isMap(node)) maps.push(node);
    // Not all of them as arguments of one call: a sequence may be longer than the stack is deep.
    if (isMap(node)) for (const { value } of node.items.toReversed()) waiting.push(value);
    if (isSeq(node)) for (const item of node.items.toReversed()) waiting.push(item);
  }
  return maps;
}

/** Every route, wherever route configurations stand: in a listener, in a file for RDS, behind an alias. */
export function findRoutes(source: YamlSource, maps: readonly YAMLMap[]): Route[] {
  return maps.flatMap((map) => {
    const virtualHosts = source.items(source.get(map, 'virtual_hosts'));
    if (virtualHosts.length > 0) return virtualHosts.flatMap((host) => routesOf(source, host, map));
    const alone = textOf(source.get(map, '@type'))?.endsWith('.VirtualHost') ?? false;
    return alone ? routesOf(source, map, undefined) : [];
  });
}

function routesOf(source: YamlSource, host: Node, routeConfig: YAMLMap | undefined): Route[] {
  const virtualHost = source.map(host);
  if (virtualHost === undefined) return [];
  return source
    .items(source.get(virtualHost, 'routes'))
    .filter((route) => isMap(route))
    .map((route) => {
      const pair = source.pairs(source.get(route, 'metadata', 'filter_metadata')).find(({ key }) => key === 'attache');
      return {
        route,
        virtualHost,
        routeConfig,
        block: pair && { key: pair.keyNode, value: source.follow(pair.value) },
      };
    });
}

/** Blocks that stand where they have no effect. */
export function misplacedBlocks(source: YamlSource, maps: readonly YAMLMap[], routes: readonly Route[]): Problem[] {
  const ofRoutes = new Set(routes.map(({ route }) => source.get(route, 'metadata', 'filter_metadata')));
  return maps.flatMap((map) =>
    ['filter_metadata', 'typed_filter_metadata'].flatMap((field) => {
      const metadata = source.get(map, field);
      return source.pairs(metadata).flatMap(({ key, keyNode }) => {
        if (key !== 'attache') return looksLikeAttache(key) ? [misspelt(source, key, keyNode)] : [];
        if (ofRoutes.has(metadata)) return [];
        return source.error(
          keyNode,
          'an attache block stands where it has no effect',
          "move it to a route's metadata.filter_metadata, under virtual_hosts[].routes[]",
        );
      });
    }),
  );
}

function looksLikeAttache(key: string): boolean {
  return /^attach(?:e|ee)$/.test(key.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase());
}

function misspelt(source: YamlSource, key: string, node: Node | undefined): Problem {
  return source.error(
    node,
    `"${key}" is not the name of Attaché's block`,
    'write attache, in lower case and without an accent',
  );
}
