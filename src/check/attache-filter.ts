import type { Node } from 'yaml';
import type { Lane } from '../integrations/description.ts';
import { extProcFilters, type Filter } from '../integrations/envoy-filters.ts';
import { isRedactFilter } from '../integrations/redaction-filter.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { DISCOVERY_ATTRIBUTE } from '../processor/request-facts.ts';
import { findExpressFilter } from './express-filters.ts';

/** An ext_proc filter that asks Attaché. */
export interface AttacheFilter extends Filter {
  /** On a cluster it is asked once per attempt, on a listener once per request. */
  readonly side: 'cluster' | 'listener';
  /** `express` where it is asked only about attempts for which Envoy has nothing to send itself. */
  readonly lane: Lane;
}

/**
 * The filter that asks Attaché for a key, among others: the ext_proc filter that has attache in one of its names. One that is shown
 * responses alone asks what to take out of them, and one that sends the word discovery what a caller may use.
 */
export function findAttacheFilter(
  source: YamlSource,
  filters: Node | undefined,
  side: AttacheFilter['side'],
): AttacheFilter | undefined {
  const found = extProcFilters(source, filters).find(
    (filter) =>
      !isRedactFilter(source, filter) &&
      !isDiscovery(source, filter) &&
      namesOf(source, filter).some((name) => /attache/i.test(name)),
  );
  if (found !== undefined) return { ...found, side, lane: 'ext_proc' };
  const express = findExpressFilter(source, filters);
  return express && { ...express, side, lane: 'express' };
}

/** The filters of a listener that ask Attaché what a caller may use, and never for a key. */
export function findDiscoveryFilters(source: YamlSource, filters: Node | undefined): AttacheFilter[] {
  return extProcFilters(source, filters)
    .filter((filter) => isDiscovery(source, filter))
    .map((filter) => ({ ...filter, side: 'listener', lane: 'ext_proc' }));
}

/** Its own word is what Attaché goes by, so that it is what tells it here too. */
function isDiscovery(source: YamlSource, { config }: Filter): boolean {
  return source.items(source.get(config, 'request_attributes')).some((node) => textOf(node) === DISCOVERY_ATTRIBUTE);
}

/** The filter's own name, that of the cluster that it calls, and those of what it sends and receives. */
function namesOf(source: YamlSource, { item, config }: Filter): string[] {
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
