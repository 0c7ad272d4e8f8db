import type { Node, YAMLMap } from 'yaml';
import { isA } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';

const COPY = 'as the cluster and the listener tunnels of the envoy.yaml that comes with Attaché do';

/** Whether tunnels (CONNECT) end in Envoy itself, and what comes through them is told apart by who asked for them. */
export function* checkTunnels({ source, routes, clusters }: Configuration): Generator<Problem> {
  const targets = routes.flatMap(({ route }) => {
    const cluster = source.get(route, 'route', 'cluster');
    return source.get(route, 'match', 'connect_matcher') === undefined || cluster === undefined ? [] : [cluster];
  });
  for (const clusterNode of targets) {
    const name = textOf(clusterNode) ?? '';
    const cluster = clusters.get(name);
    if (cluster === undefined) continue;
    const inside = internalListenerOf(source, cluster);
    if (inside === undefined) {
      yield source.warning(
        clusterNode,
        `tunnels lead to cluster ${name}, past Attaché: nothing that comes through one is looked at, and nothing gets a key`,
        `let them end in an internal listener, ${COPY}`,
      );
      continue;
    }
    const listener = internalListeners(source).find((it) => textOf(source.get(it, 'name')) === inside);
    const says = isA(
      source,
      source.get(cluster, 'transport_socket', 'typed_config'),
      'proxy_protocol.v3.ProxyProtocolUpstreamTransport',
    );
    const listens = proxyProtocols(source, listener).length > 0;
    if (listener !== undefined && !(says && listens)) {
      yield source.error(
        says ? listener : cluster,
        'all callers look alike who come through a tunnel: the listener is not told who asked for it',
        `send and read the PROXY protocol, ${COPY}`,
      );
    }
  }
}

/** The filters that read who the caller is from a PROXY line, where nobody but Envoy itself can write one. */
export function trustedProxyProtocols(source: YamlSource): ReadonlySet<Node> {
  const inside = internalListeners(source);
  const open = new Set(
    listenersOf(source)
      .filter((it) => !inside.includes(it))
      .flatMap((it) => proxyProtocols(source, it)),
  );
  return new Set(inside.flatMap((it) => proxyProtocols(source, it)).filter((it) => !open.has(it)));
}

function listenersOf(source: YamlSource): YAMLMap[] {
  return source
    .items(source.get(source.root, 'static_resources', 'listeners'))
    .map((node) => source.map(node))
    .filter((listener) => listener !== undefined);
}

function internalListeners(source: YamlSource): YAMLMap[] {
  return listenersOf(source).filter((listener) => source.get(listener, 'internal_listener') !== undefined);
}

function proxyProtocols(source: YamlSource, listener: YAMLMap | undefined): Node[] {
  return source
    .items(source.get(listener, 'listener_filters'))
    .map((filter) => source.get(filter, 'typed_config'))
    .filter((config) => config !== undefined && isA(source, config, 'listener.proxy_protocol.v3.ProxyProtocol'))
    .filter((config) => config !== undefined);
}

/** The listener inside Envoy to which a cluster leads. Undefined when it leads elsewhere too. */
function internalListenerOf(source: YamlSource, cluster: YAMLMap): string | undefined {
  const names = source
    .items(source.get(cluster, 'load_assignment', 'endpoints'))
    .flatMap((locality) => source.items(source.get(locality, 'lb_endpoints')))
    .map((it) => textOf(source.get(it, 'endpoint', 'address', 'envoy_internal_address', 'server_listener_name')));
  return new Set(names).size === 1 ? names[0] : undefined;
}
