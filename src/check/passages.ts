import type { Node, YAMLMap } from 'yaml';
import { isA, isDisabled, routeOverride } from '../integrations/envoy-filters.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import type { Integration } from '../integrations/integration.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { type AttacheFilter, findAttacheFilter } from './attache-filter.ts';
import { type Configuration, httpOptions } from './configuration.ts';

/** One way through Envoy: a route, a cluster it goes to, and the filter that its requests meet. */
export interface Passage {
  readonly route: Route;
  /** Whether the route has a block, right or wrong. */
  readonly asks: boolean;
  /** Undefined for a route without a block, and for one whose block is wrong. */
  readonly integration: Integration | undefined;
  /** Where the cluster is named. */
  readonly clusterNode: Node;
  readonly clusterName: string;
  /** Undefined when the file has no such cluster. */
  readonly cluster: YAMLMap | undefined;
  readonly filter: AttacheFilter | undefined;
  /** What the route says about that filter. */
  readonly override: Node | undefined;
  readonly disabled: boolean;
}

/** Every way through Envoy that the file shows. */
export function findPassages(configuration: Configuration): Passage[] {
  const { source, catalogue, clusters, routes } = configuration;
  const ofCluster = new Map(
    [...clusters].map(([name, cluster]) => [
      name,
      findAttacheFilter(source, source.get(httpOptions(source, cluster), 'http_filters'), 'cluster'),
    ]),
  );
  const ofRouteConfig = listenerFilters(configuration);
  return routes.flatMap((route) =>
    targets(configuration, route).map(({ clusterNode, weighted }) => {
      const clusterName = textOf(clusterNode) ?? '';
      const name = textOf(source.get(route.block?.value, 'integration')) ?? '';
      const filter = ofCluster.get(clusterName) ?? ofRouteConfig.get(route.routeConfig);
      const override =
        filter && routeOverride(source, filter, [weighted, route.route, route.virtualHost, route.routeConfig]);
      return {
        route,
        asks: route.block !== undefined,
        integration: catalogue.get(name),
        clusterNode,
        clusterName,
        cluster: clusters.get(clusterName),
        filter,
        override,
        disabled: filter !== undefined && isDisabled(source, filter, override),
      };
    }),
  );
}

function targets({ source }: Configuration, { route }: Route): { clusterNode: Node; weighted: YAMLMap | undefined }[] {
  const cluster = source.get(route, 'route', 'cluster');
  if (cluster !== undefined) return [{ clusterNode: cluster, weighted: undefined }];
  return source.items(source.get(route, 'route', 'weighted_clusters', 'clusters')).flatMap((entry) => {
    const clusterNode = source.get(entry, 'name');
    return clusterNode === undefined ? [] : [{ clusterNode, weighted: source.map(entry) }];
  });
}

function listenerFilters({ source, maps }: Configuration): Map<YAMLMap | undefined, AttacheFilter> {
  return new Map(
    maps
      .filter((map) => isA(source, map, 'HttpConnectionManager'))
      .flatMap((manager): [YAMLMap | undefined, AttacheFilter][] => {
        const routeConfig = routeConfigOf(source, manager);
        const filter = findAttacheFilter(source, source.get(manager, 'http_filters'), 'listener');
        return filter === undefined || routeConfig === undefined ? [] : [[routeConfig, filter]];
      }),
  );
}
