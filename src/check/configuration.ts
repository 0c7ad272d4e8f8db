import type { Node, YAMLMap } from 'yaml';
import type { Catalogue } from '../integrations/catalogue.ts';
import { isA } from '../integrations/envoy-filters.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';

/** An Envoy configuration, with the parts that the rules ask for. */
export interface Configuration {
  readonly source: YamlSource;
  readonly catalogue: Catalogue;
  /** Every map of the file, once each. */
  readonly maps: readonly YAMLMap[];
  readonly routes: readonly Route[];
  /** The clusters of `static_resources`, by name. */
  readonly clusters: ReadonlyMap<string, YAMLMap>;
  /** Whether clusters may come from elsewhere too, or this is a file of routes alone. */
  readonly hasOtherClusters: boolean;
}

/** The parts of what {@link examine} has read. */
export function configuration(parts: Pick<Configuration, 'source' | 'catalogue' | 'maps' | 'routes'>): Configuration {
  const { source } = parts;
  const clusters = source
    .items(source.get(source.root, 'static_resources', 'clusters'))
    .flatMap((node): [string, YAMLMap][] => {
      const cluster = source.map(node);
      return cluster === undefined ? [] : [[textOf(source.get(cluster, 'name')) ?? '', cluster]];
    });
  const dynamic =
    source.get(source.root, 'dynamic_resources', 'cds_config') ??
    source.get(source.root, 'dynamic_resources', 'ads_config');
  const isBootstrap = source.get(source.root, 'static_resources') !== undefined;
  return { ...parts, clusters: new Map(clusters), hasOtherClusters: dynamic !== undefined || !isBootstrap };
}

/** A cluster's options for HTTP, under whatever key they stand. */
export function httpOptions(source: YamlSource, cluster: YAMLMap): Node | undefined {
  return source
    .pairs(source.get(cluster, 'typed_extension_protocol_options'))
    .map(({ value }) => source.follow(value))
    .find((options) => isA(source, options, 'HttpProtocolOptions'));
}
