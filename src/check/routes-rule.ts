import type { Problem } from '../integrations/problem.ts';
import { booleanOf, textOf } from '../integrations/yaml-values.ts';
import { type Configuration, httpOptions } from './configuration.ts';
import { mayNotAsk } from './express-filters.ts';
import type { Passage } from './passages.ts';

/** Whether each route with an integration meets the filter, and each route without one does not. */
export function* checkRoutes(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const passage of passages) {
    if (passage.asks) yield* asking(configuration, passage);
    else yield* notAsking(configuration, passage);
  }
}

function* asking(configuration: Configuration, passage: Passage): Generator<Problem> {
  const { source, hasOtherClusters } = configuration;
  const { clusterNode, clusterName, cluster, filter, disabled, override } = passage;
  if (cluster === undefined && hasOtherClusters) {
    yield source.warning(
      clusterNode,
      `cluster ${clusterName} is not in this file, so its filter, its TLS and its limits were not checked`,
      'check them where it is defined',
    );
  } else if (cluster === undefined) {
    yield source.error(
      clusterNode,
      `there is no cluster ${clusterName}`,
      `define it under static_resources.clusters, or name one of: ${[...configuration.clusters.keys()].join(', ')}`,
    );
  } else if (filter === undefined) {
    yield source.error(
      clusterNode,
      `cluster ${clusterName} has no ext_proc filter that asks Attaché, so requests would go out without their key`,
      mayNotAsk(source, source.get(httpOptions(source, cluster), 'http_filters'))
        ? 'copy the filters pushed, express and attache of the cluster internet_express from the envoy.yaml that comes with Attaché: whether it is asked is decided by these alone'
        : 'copy the filter attache of the cluster internet in envoy/envoy.yaml to its http_filters',
    );
  } else if (disabled) {
    yield source.error(
      source.key(override ?? filter.item, 'disabled'),
      `the filter ${filter.name} is off on a route with an integration, so requests would go out without their key`,
      'take disabled: true away',
    );
  }
  const allow = source.get(override, 'overrides', 'failure_mode_allow');
  if (booleanOf(allow) === true) {
    yield source.error(
      allow,
      'this route lets requests pass unchanged when Attaché does not answer',
      'take failure_mode_allow away',
    );
  }
  const mode = source.get(override, 'overrides', 'processing_mode', 'request_header_mode');
  if (textOf(mode) === 'SKIP' || textOf(mode) === '2') {
    yield source.error(mode, 'this route does not show its requests to Attaché', 'write request_header_mode: SEND');
  }
  yield* copies(configuration, passage);
}

/** What sends a request, once it carries its key, to a place that the key is not for. */
function* copies({ source }: Configuration, { route, filter }: Passage): Generator<Problem> {
  const action = source.get(route.route, 'route');
  const mirror = source.key(action, 'request_mirror_policies');
  if (mirror !== undefined) {
    const reason = 'request_mirror_policies sends copies of these requests elsewhere';
    if (filter?.side === 'listener')
      yield source.error(
        mirror,
        `${reason}, with their key`,
        "put Attaché's filter on the cluster, or take the mirror away",
      );
    else
      yield source.warning(
        mirror,
        `${reason}, with what the client sent as its own credential`,
        'take the mirror away',
      );
  }
  const redirect = source.key(action, 'internal_redirect_policy');
  if (redirect !== undefined) {
    yield source.warning(
      redirect,
      'internal_redirect_policy follows where the destination points, with the key in the request',
      'take it away, so that the client follows redirects',
    );
  }
}

function* notAsking(
  { source }: Configuration,
  { clusterNode, clusterName, filter, disabled }: Passage,
): Generator<Problem> {
  if (filter === undefined || disabled) return;
  const what = filter.side === 'cluster' ? `goes to cluster ${clusterName}` : 'passes a listener';
  yield source.warning(
    clusterNode,
    `this route ${what}, which asks Attaché, but has no attache block: each request is refused`,
    `give it a block, or switch the filter ${filter.name} off in its typed_per_filter_config`,
  );
}
