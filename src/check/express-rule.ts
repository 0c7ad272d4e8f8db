import { isDeepStrictEqual } from 'node:util';
import { EXPRESS_HEADER } from '../express/encode-express.ts';
import type { Integration } from '../integrations/integration.ts';
import type { Problem } from '../integrations/problem.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { envoyJson } from '../routes/envoy-json.ts';
import type { Configuration } from './configuration.ts';
import { PUSHED_FILTER } from './express-filters.ts';
import { expressOverride, pushedBy } from './express-route.ts';
import type { Passage } from './passages.ts';

/** Whether Envoy can send on its own what an integration with `lane: express` needs, and does to a request what Attaché would. */
export function* checkExpress(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const passage of passages) {
    const { integration, filter, clusterNode, clusterName } = passage;
    if (filter === undefined || integration === undefined) continue;
    if (integration.lane !== 'express') {
      if (filter.lane === 'express') yield* removed(configuration, passage, [EXPRESS_HEADER], integration.name);
      continue;
    }
    if (filter.lane !== 'express') {
      yield configuration.source.error(
        clusterNode,
        `integration ${integration.name} has lane: express, and Envoy asks Attaché about each request to cluster ${clusterName}`,
        'write cluster: internet_express, and copy that cluster from the envoy.yaml that comes with Attaché unless it is there; or take lane: express away',
      );
      continue;
    }
    yield* pushed(configuration, passage, integration);
    const { injector, places, name } = integration;
    yield* removed(configuration, passage, [EXPRESS_HEADER, ...places, ...injector.strips], name);
  }
}

/** Whether the route gets what Attaché pushes for the integration. */
function* pushed({ source }: Configuration, { route, filter }: Passage, { name }: Integration): Generator<Problem> {
  const asked = textOf(source.get(filter?.config, 'grpc_service', 'envoy_grpc', 'cluster_name')) ?? '';
  const wanted = expressOverride(name, pushedBy(asked));
  const given = source.get(route.route, 'typed_per_filter_config', PUSHED_FILTER);
  if (given !== undefined && isDeepStrictEqual(envoyJson(source, given), wanted)) return;
  yield source.error(
    given ?? source.get(route.route, 'route') ?? route.route,
    given === undefined
      ? `this route does not say that Envoy gets what integration ${name} sends by itself, as lane: express has it`
      : `the settings of ${PUSHED_FILTER} are not those for integration ${name} and cluster ${asked}`,
    `write typed_per_filter_config beside route as attache add ${name} --lane express --print shows it`,
  );
}

/** Whether Envoy takes away what a caller must not bring along. */
function* removed(
  { source }: Configuration,
  { route }: Passage,
  wanted: readonly string[],
  name: string,
): Generator<Problem> {
  const given = [route.route, route.virtualHost, route.routeConfig].flatMap((place) =>
    source.items(source.get(place, 'request_headers_to_remove')).map((node) => textOf(node)?.toLowerCase()),
  );
  const missing = wanted.filter((header) => !given.includes(header));
  if (missing.length === 0) return;
  yield source.error(
    source.key(route.route, 'request_headers_to_remove') ?? source.get(route.route, 'route') ?? route.route,
    `a caller's own ${missing.join(', ')} would reach the destination of integration ${name}, since Attaché is not asked`,
    `add to request_headers_to_remove beside route: ${missing.join(', ')}`,
  );
}
