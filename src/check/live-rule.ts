import type { Node } from 'yaml';
import { hasOtherListeners, standingRoutes, subscriptions } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import { millisecondsOf, textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

const IN_PLACE = 'as in the envoy.yaml that comes with Attaché';

/** Whether the listeners that ask Attaché for their routes get them, and wait for them. */
export function* checkLive(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const { source, maps } = configuration;
  const standing = standingRoutes(source);
  const asking = subscriptions(source, maps);
  const attaches = attacheClusters(configuration, passages);
  for (const { rds, name, cluster } of asking) {
    const isHere = standing.some((it) => it.name === name);
    if (!isHere && !attaches.has(cluster)) continue;
    if (!isHere) {
      yield source.error(
        source.get(rds, 'route_config_name'),
        `no routes of the name ${name} stand in this file, so Attaché has none to give, and Envoy never gets ready`,
        `let them stand in a listener with bind_to_port: false, under route_config: { name: ${name} }, ${IN_PLACE}`,
      );
      continue;
    }
    if (!attaches.has(cluster)) {
      yield source.error(
        rds,
        `the routes ${name} stand in this file, and are asked for elsewhere, from cluster ${cluster}`,
        `name the cluster through which Envoy reaches Attaché, ${[...attaches].join(' or ')}`,
      );
    }
    yield* subscription(configuration, rds, name);
  }
  for (const { name, routeConfig } of standing) {
    if (asking.some((it) => it.name === name)) continue;
    yield source.warning(
      routeConfig,
      'these routes stand in a listener without a port, and no other listener asks for them, so no request goes by them',
      `write rds with route_config_name: ${name === '' ? '<name>, and the same name: in these routes' : name}, ${IN_PLACE}`,
    );
  }
  for (const [index, { name, routeConfig }] of standing.entries()) {
    if (standing.findIndex((it) => it.name === name) === index) continue;
    yield source.error(
      source.get(routeConfig, 'name') ?? routeConfig,
      `routes of the name ${name} stand in this file twice`,
      'give one of them another name',
    );
  }
}

function* subscription({ source }: Configuration, rds: Node, name: string): Generator<Problem> {
  const config = source.get(rds, 'config_source');
  const type = source.get(config, 'api_config_source', 'api_type');
  if (!['GRPC', '2'].includes(textOf(type) ?? '')) {
    yield source.error(type ?? rds, 'Attaché gives routes by api_type GRPC alone', 'write api_type: GRPC');
  }
  const patience = source.get(config, 'initial_fetch_timeout');
  // Where it has other listeners too, they need not wait for Attaché as long as it takes.
  if (millisecondsOf(patience) !== 0 && !hasOtherListeners(source)) {
    yield source.error(
      patience ?? config,
      `an Envoy that starts before Attaché answers 404 to everything, once it has waited for the routes ${name} as long as it may`,
      'write initial_fetch_timeout: 0s, so that it is not ready before it has them',
    );
  }
}

/** The clusters through which filters reach Attaché. */
function attacheClusters({ source, clusters }: Configuration, passages: readonly Passage[]): Set<string> {
  const called = passages.flatMap(({ filter }) => {
    const name = textOf(source.get(filter?.config, 'grpc_service', 'envoy_grpc', 'cluster_name'));
    return name === undefined ? [] : [name];
  });
  return new Set([...called, ...[...clusters.keys()].filter((name) => /attache/i.test(name))]);
}
