import type { Node, YAMLMap } from 'yaml';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, textOf } from '../integrations/yaml-values.ts';
import { DISCOVERY_ATTRIBUTE } from '../processor/request-facts.ts';
import { isA } from './configuration.ts';

/** An ext_proc filter that asks Attaché. */
export interface AttacheFilter {
  /** Where it is named among the filters. */
  readonly item: YAMLMap;
  readonly name: string;
  /** Its `typed_config`. */
  readonly config: YAMLMap;
  /** On a cluster it is asked once per attempt, on a listener once per request. */
  readonly side: 'cluster' | 'listener';
}

/** The filter that asks Attaché for credentials, among others: the ext_proc filter that has attache in one of its names. */
export function findAttacheFilter(
  source: YamlSource,
  filters: Node | undefined,
  side: AttacheFilter['side'],
): AttacheFilter | undefined {
  for (const node of source.items(filters)) {
    const item = source.map(node);
    const config = source.map(source.get(item, 'typed_config'));
    if (item === undefined || config === undefined || !isA(source, config, 'ExternalProcessor')) continue;
    if (!namesOf(source, item, config).some((name) => /attache/i.test(name))) continue;
    if (asksForDiscovery(source, config)) continue;
    return { item, config, side, name: textOf(source.get(item, 'name')) ?? '' };
  }
  return undefined;
}

/** The filters of a listener that ask Attaché what a caller may use, and never for a credential. */
export function findDiscoveryFilters(source: YamlSource, filters: Node | undefined): AttacheFilter[] {
  return source.items(filters).flatMap((node): AttacheFilter[] => {
    const item = source.map(node);
    const config = source.map(source.get(item, 'typed_config'));
    if (item === undefined || config === undefined || !asksForDiscovery(source, config)) return [];
    return [{ item, config, side: 'listener', name: textOf(source.get(item, 'name')) ?? '' }];
  });
}

/** Its own word is what Attaché goes by, so that it is what tells it here too. */
function asksForDiscovery(source: YamlSource, config: YAMLMap): boolean {
  return source.items(source.get(config, 'request_attributes')).some((node) => textOf(node) === DISCOVERY_ATTRIBUTE);
}

/** The filter's own name, that of the cluster that it calls, and those of what it sends and receives. */
function namesOf(source: YamlSource, item: YAMLMap, config: YAMLMap): string[] {
  const lists = [
    source.get(config, 'request_attributes'),
    source.get(config, 'metadata_options', 'receiving_namespaces', 'untyped'),
    source.get(config, 'metadata_options', 'forwarding_namespaces', 'untyped'),
  ];
  return [
    source.get(item, 'name'),
    source.get(config, 'grpc_service', 'envoy_grpc', 'cluster_name'),
    ...lists.flatMap((list) => source.items(list)),
  ].map((node) => textOf(node) ?? '');
}

/** What a route says about a filter: the settings of the narrowest place that has any. */
export function routeOverride(
  source: YamlSource,
  filter: AttacheFilter,
  places: readonly (YAMLMap | undefined)[],
): Node | undefined {
  const found = places
    .map((place) => source.get(place, 'typed_per_filter_config', filter.name))
    .find((node) => node !== undefined);
  // A FilterConfig wraps the settings, and may itself say that the filter is off.
  return source.get(found, 'disabled') === undefined ? (source.get(found, 'config') ?? found) : found;
}

/** Whether a filter is off on a route that has this override. */
export function isDisabled(source: YamlSource, filter: AttacheFilter, override: Node | undefined): boolean {
  return booleanOf(source.get(override ?? filter.item, 'disabled')) === true;
}
