import type { Node, YAMLMap } from 'yaml';
import { isA } from './envoy-filters.ts';
import type { YamlSource } from './yaml-source.ts';
import { booleanOf, textOf } from './yaml-values.ts';

/** Routes that stand in a listener without a port, where Envoy checks them and Attaché reads them. */
export interface StandingRoutes {
  /** Their name, by which other listeners ask for them; empty without one. */
  readonly name: string;
  readonly routeConfig: YAMLMap;
  /** The connection manager in which they stand: nothing passes through it. */
  readonly manager: YAMLMap;
  /** The listener of that one. */
  readonly listener: Node;
}

/** A connection manager that gets its routes by RDS from a gRPC service. */
export interface Subscription {
  readonly manager: YAMLMap;
  /** Its `rds`. */
  readonly rds: Node;
  readonly name: string;
  /** The cluster of that service. */
  readonly cluster: string;
}

/** Each rule asks, some of them for each route. */
const found = new WeakMap<YamlSource, readonly StandingRoutes[]>();

/** All routes that stand in listeners without a port. */
export function standingRoutes(source: YamlSource): readonly StandingRoutes[] {
  const before = found.get(source);
  if (before !== undefined) return before;
  const standing = findStandingRoutes(source);
  found.set(source, standing);
  return standing;
}

function findStandingRoutes(source: YamlSource): StandingRoutes[] {
  return source.items(source.get(source.root, 'static_resources', 'listeners')).flatMap((listener) => {
    const bound = source.get(listener, 'bind_to_port') ?? source.get(listener, 'deprecated_v1', 'bind_to_port');
    if (booleanOf(bound) !== false) return [];
    return source
      .items(source.get(listener, 'filter_chains'))
      .flatMap((chain) => source.items(source.get(chain, 'filters')))
      .flatMap((filter): StandingRoutes[] => {
        const manager = source.map(source.get(filter, 'typed_config'));
        const routeConfig = source.map(source.get(manager, 'route_config'));
        if (manager === undefined || routeConfig === undefined || !isA(source, manager, 'HttpConnectionManager'))
          return [];
        return [{ name: textOf(source.get(routeConfig, 'name')) ?? '', routeConfig, manager, listener }];
      });
  });
}

/** Those of the maps that ask a gRPC service for their routes. */
export function subscriptions(source: YamlSource, maps: readonly YAMLMap[]): Subscription[] {
  return maps.flatMap((manager): Subscription[] => {
    const rds = source.get(manager, 'rds');
    const [service] = source.items(source.get(rds, 'config_source', 'api_config_source', 'grpc_services'));
    const cluster = textOf(source.get(service, 'envoy_grpc', 'cluster_name'));
    const name = textOf(source.get(rds, 'route_config_name'));
    if (rds === undefined || cluster === undefined || name === undefined) return [];
    return [{ manager, rds, name, cluster }];
  });
}

/** The routes of a file that Attaché gives to Envoy: those that stand without a port and are asked for, each once. */
export function liveRoutes(source: YamlSource, maps: readonly YAMLMap[]): StandingRoutes[] {
  const asked = new Set(subscriptions(source, maps).map(({ name }) => name));
  return standingRoutes(source).filter(({ name }) => asked.has(name));
}

/** Whether Envoy has listeners, in this file or by xDS, that wait for no routes of Attaché. */
export function hasOtherListeners(source: YamlSource): boolean {
  const dynamic = source.get(source.root, 'dynamic_resources');
  if (['lds_config', 'ads_config'].some((field) => source.get(dynamic, field) !== undefined)) return true;
  const names = new Set(standingRoutes(source).map(({ name }) => name));
  return source.items(source.get(source.root, 'static_resources', 'listeners')).some((listener) => {
    if (standingRoutes(source).some((it) => it.listener === listener)) return false;
    return !source
      .items(source.get(listener, 'filter_chains'))
      .flatMap((chain) => source.items(source.get(chain, 'filters')))
      .some((filter) => names.has(textOf(source.get(filter, 'typed_config', 'rds', 'route_config_name')) ?? ''));
  });
}

/** The connection managers through which requests come. */
export function connectionManagers(source: YamlSource, maps: readonly YAMLMap[]): YAMLMap[] {
  return maps.filter((map) => isA(source, map, 'HttpConnectionManager') && !isHolder(source, map));
}

/** Whether a connection manager only holds routes for others: no request comes through it. */
export function isHolder(source: YamlSource, manager: unknown): boolean {
  const map = source.map(manager);
  return map !== undefined && standingRoutes(source).some((it) => it.manager === map);
}

/**
 * The routes by which requests go that come through a connection manager: its own, or those for which it asks by RDS, where they
 * stand in this file. Undefined for routes that stand elsewhere, and for a manager through which nothing comes.
 */
export function routeConfigOf(source: YamlSource, manager: unknown): YAMLMap | undefined {
  if (isHolder(source, manager)) return undefined;
  const own = source.map(source.get(manager, 'route_config'));
  const asked = textOf(source.get(manager, 'rds', 'route_config_name'));
  return own ?? standingRoutes(source).find(({ name }) => name === asked && asked !== undefined)?.routeConfig;
}
