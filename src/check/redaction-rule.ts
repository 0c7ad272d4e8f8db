import type { Filter } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import { responsePassages } from '../integrations/redaction-filter.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { NAMESPACE } from '../processor/attempts.ts';
import { INTEGRATION_ATTRIBUTE, SEALED_NAMESPACE } from '../processor/request-facts.ts';
import { DETAILS_ATTRIBUTE } from '../processor/response-facts.ts';
import { checkAttacheCluster } from './attache-cluster-rule.ts';
import type { Configuration } from './configuration.ts';
import { mayWrite } from './mutation-rule.ts';
import { findPassages } from './passages.ts';

/** How `processing_mode` must be, besides response headers SEND and request headers SKIP, by which the filter is known. */
const MODES = [
  { field: 'request_body_mode', want: 'NONE', also: ['0'] },
  { field: 'response_body_mode', want: 'NONE', also: ['0'] },
  { field: 'request_trailer_mode', want: 'SKIP', also: ['2', 'DEFAULT', '0'] },
  { field: 'response_trailer_mode', want: 'SKIP', also: ['2', 'DEFAULT', '0'] },
];

/** Headers of any kind: each may hold what was injected. */
const ANY_HEADER = ['location', 'set-cookie', 'content-length', 'etag', 'x-envoy-anything', 'x-anything-at-all'];

/** Whether what takes secrets out of responses is set up so that nothing passes it. Where it is missing, the grammar says so. */
export function* checkRedaction(configuration: Configuration): Generator<Problem> {
  const { source, maps, routes, catalogue } = configuration;
  const filters = new Set<Filter>();
  const seen = new Set<unknown>();
  for (const passage of responsePassages(source, maps, routes)) {
    const { filter, isOn, name } = passage;
    if (!isOn) continue;
    if (catalogue.get(name)?.redact === true) {
      if (filter !== undefined && !seen.has(filter.item)) filters.add(filter);
      seen.add(filter?.item);
    } else if (filter !== undefined && catalogue.get(name) !== undefined) {
      yield source.warning(
        passage.override ?? passage.route.route,
        `the filter ${filter.name} is on for integration ${name}, which has no redact: true, so Attaché is asked about each response for nothing`,
        'write redact: true in its block, or take the filter off the route',
      );
    }
  }
  for (const filter of filters) yield* checkFilter(configuration, filter);
}

function* checkFilter(configuration: Configuration, filter: Filter): Generator<Problem> {
  const { source } = configuration;
  const { config, name } = filter;
  for (const { field, want, also } of MODES) {
    const node = source.get(config, 'processing_mode', field);
    const text = textOf(node);
    if (text === undefined || [want, ...also].includes(text)) continue;
    yield source.error(
      node,
      `${field} of the filter ${name} is ${text}, but Attaché asks for bodies itself where it needs them`,
      `write ${field}: ${want}`,
    );
  }
  yield* told(configuration, filter);
  yield* written(configuration, filter);
}

/** What the filter must tell, and must not keep to itself. */
function* told(configuration: Configuration, { config, item, name }: Filter): Generator<Problem> {
  const { source, clusters, hasOtherClusters } = configuration;
  const cluster = source.get(config, 'grpc_service', 'envoy_grpc', 'cluster_name');
  const called = clusters.get(textOf(cluster) ?? '');
  if (called !== undefined) yield* checkAttacheCluster(configuration, called);
  if (cluster === undefined || !(clusters.has(textOf(cluster) ?? '') || hasOtherClusters)) {
    yield source.error(
      cluster ?? item,
      `the filter ${name} calls no cluster of this file, so each response is refused`,
      'write grpc_service: { envoy_grpc: { cluster_name: attache } }',
    );
  }
  const asked = findPassages(configuration).map(({ filter }) =>
    textOf(source.get(filter?.config, 'grpc_service', 'envoy_grpc', 'cluster_name')),
  );
  if (cluster !== undefined && called !== undefined && asked.includes(textOf(cluster))) {
    yield source.warning(
      cluster,
      `the filter ${name} calls the cluster that requests wait for too, so large bodies hold requests up`,
      'give it a cluster of its own with the same endpoints, as attache_responses in the envoy.yaml that comes with Attaché',
    );
  }
  const given = source.items(source.get(config, 'response_attributes')).map(textOf);
  const missing = [INTEGRATION_ATTRIBUTE, DETAILS_ATTRIBUTE].filter((attribute) => !given.includes(attribute));
  if (missing.length > 0) {
    yield source.error(
      source.get(config, 'response_attributes') ?? item,
      `response_attributes of the filter ${name} lacks ${missing.join(', ')}, so Attaché cannot tell what a response may hold`,
      'add it, letter by letter',
    );
  }
  const forwarded = source.get(config, 'metadata_options', 'forwarding_namespaces');
  const namespaces = source.items(source.get(forwarded, 'untyped')).map(textOf);
  const lacking = [NAMESPACE, SEALED_NAMESPACE].filter((namespace) => !namespaces.includes(namespace));
  if (lacking.length > 0) {
    yield source.error(
      forwarded ?? source.get(config, 'metadata_options') ?? item,
      `metadata_options.forwarding_namespaces of the filter ${name} lacks ${lacking.join(', ')}, so Attaché does not learn what was injected`,
      `write forwarding_namespaces: { untyped: [${NAMESPACE}, ${SEALED_NAMESPACE}] }`,
    );
  }
}

/** What Attaché may change: every header, and the body in every way it asks for. */
function* written({ source }: Configuration, { config, item, name }: Filter): Generator<Problem> {
  const rules = source.get(config, 'mutation_rules');
  const may = mayWrite(source, rules);
  const fixed = ANY_HEADER.filter((header) => !may(header));
  if (fixed.length > 0) {
    yield source.error(
      rules ?? item,
      `mutation_rules of the filter ${name} does not let Attaché change ${fixed.join(', ')}, so responses that need it are refused`,
      'write mutation_rules: { allow_all_routing: true, allow_envoy: true, disallow_is_error: true }',
    );
  }
}
