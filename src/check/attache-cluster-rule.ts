import type { YAMLMap } from 'yaml';
import type { Problem } from '../integrations/problem.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';
import { type Configuration, httpOptions } from './configuration.ts';

/** Envoy's own limits of requests at a time, which a busy minute exceeds. */
const LIMITS = { max_pending_requests: 1_024, max_requests: 1_024, max_retries: 3 };

/** Whether the cluster through which Envoy reaches Attaché speaks gRPC, has somebody in it and stands the load. */
export function* checkAttacheCluster({ source }: Configuration, cluster: YAMLMap): Generator<Problem> {
  const name = textOf(source.get(cluster, 'name'));
  const options = httpOptions(source, cluster);
  const http2 =
    source.get(options, 'explicit_http_config', 'http2_protocol_options') ??
    source.get(cluster, 'http2_protocol_options');
  if (http2 === undefined) {
    yield source.error(
      options ?? cluster,
      `cluster ${name} does not speak HTTP/2, which gRPC needs`,
      'write explicit_http_config: { http2_protocol_options: {} } in its HttpProtocolOptions',
    );
  }
  const endpoints = source
    .items(source.get(cluster, 'load_assignment', 'endpoints'))
    .flatMap((group) => source.items(source.get(group, 'lb_endpoints')));
  if (endpoints.length === 0 && textOf(source.get(cluster, 'type')) !== 'EDS') {
    yield source.error(
      source.get(cluster, 'load_assignment') ?? cluster,
      `cluster ${name} has no endpoint, so each request is refused`,
      'name the socket of Attaché under load_assignment.endpoints',
    );
  }
  const thresholds = source.items(source.get(cluster, 'circuit_breakers', 'thresholds'));
  const usual = thresholds.find((node) => ['DEFAULT', '0'].includes(textOf(source.get(node, 'priority')) ?? 'DEFAULT'));
  const low = Object.entries(LIMITS).filter(([field, limit]) => (numberOf(source.get(usual, field)) ?? limit) <= limit);
  if (low.length > 0) {
    yield source.warning(
      usual ?? cluster,
      `cluster ${name} refuses requests beyond ${low.map(([field]) => field).join(', ')}, which are low`,
      `write circuit_breakers: { thresholds: [{ ${low.map(([field]) => `${field}: 65536`).join(', ')} }] }`,
    );
  }
  if (source.items(source.get(cluster, 'health_checks')).length === 0) {
    yield source.warning(
      cluster,
      `Envoy does not notice when an Attaché of cluster ${name} ends`,
      'add health_checks with grpc_health_check: {}',
    );
  }
}
