import { BODIES_ATTRIBUTE } from '../integrations/body-override.ts';
import type { Problem } from '../integrations/problem.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import {
  ADDRESS_ATTRIBUTE,
  ATTEMPT_ATTRIBUTE,
  INTEGRATION_ATTRIBUTE,
  SEALED_NAMESPACE,
  URI_SAN_ATTRIBUTE,
} from '../processor/request-facts.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';

/** Each mode of `processing_mode`: what it must be, under which names, and whether it may be left out. */
const MODES = [
  { field: 'request_header_mode', want: 'SEND', also: ['1', 'DEFAULT', '0'], optional: true },
  { field: 'response_header_mode', want: 'SKIP', also: ['2'], optional: false },
  { field: 'request_body_mode', want: 'NONE', also: ['0'], optional: true },
  { field: 'response_body_mode', want: 'NONE', also: ['0'], optional: true },
  { field: 'request_trailer_mode', want: 'SKIP', also: ['2', 'DEFAULT', '0'], optional: true },
  { field: 'response_trailer_mode', want: 'SKIP', also: ['2', 'DEFAULT', '0'], optional: true },
];

/** Switches that must stay off, and what each would do. */
const OFF = [
  { field: 'failure_mode_allow', effect: 'lets requests pass unchanged when Attaché does not answer' },
  { field: 'observability_mode', effect: "ignores Attaché's answers, so requests go out without their key" },
  { field: 'disable_immediate_response', effect: 'does not let Attaché refuse a request' },
];

/** The settings of the filter itself. */
export function* checkFilter(configuration: Configuration, filter: AttacheFilter): Generator<Problem> {
  yield* checkCall(configuration, filter);
  yield* attributes(configuration, filter);
  yield* metadata(configuration, filter);
}

/** How a filter calls Attaché, and what follows from its answers, whatever it asks. */
export function* checkCall(configuration: Configuration, filter: AttacheFilter): Generator<Problem> {
  const { source } = configuration;
  const { config, item } = filter;
  for (const { field, effect } of OFF) {
    const node = source.get(config, field);
    if (booleanOf(node) === true) yield source.error(node, `${field} ${effect}`, 'take it away or write false');
  }
  for (const { field, want, also, optional } of MODES) {
    const node = source.get(config, 'processing_mode', field);
    const text = textOf(node);
    if (text === undefined ? optional : [want, ...also].includes(text)) continue;
    yield source.error(
      node ?? source.get(config, 'processing_mode') ?? item,
      `${field} is ${text ?? 'not given'}, but Attaché answers request headers alone`,
      `write ${field}: ${want}`,
    );
  }
  yield* service(configuration, filter);
  yield* routeCache(configuration, filter);
  const status = source.get(config, 'status_on_error', 'code');
  if (textOf(status) !== 'ServiceUnavailable' && numberOf(status) !== 503) {
    yield source.warning(
      status ?? item,
      'clients cannot tell from the status that Attaché did not answer',
      'write status_on_error: { code: ServiceUnavailable }',
    );
  }
}

function* service(
  { source, clusters, hasOtherClusters }: Configuration,
  { config, item }: AttacheFilter,
): Generator<Problem> {
  const name = source.get(config, 'grpc_service', 'envoy_grpc', 'cluster_name');
  if (name === undefined) {
    yield source.error(
      source.get(config, 'grpc_service') ?? source.get(config, 'http_service') ?? item,
      "the filter does not call Attaché by Envoy's own gRPC client",
      'write grpc_service: { envoy_grpc: { cluster_name: attache } }',
    );
  } else if (!clusters.has(textOf(name) ?? '') && !hasOtherClusters) {
    yield source.error(
      name,
      `there is no cluster ${textOf(name)}`,
      `define it under static_resources.clusters, or name one of: ${[...clusters.keys()].join(', ')}`,
    );
  }
}

function* attributes({ source, catalogue }: Configuration, { config, item }: AttacheFilter): Generator<Problem> {
  const list = source.get(config, 'request_attributes');
  const knowsCallers = [...catalogue].some(({ callers }) => callers.rules.length > 0);
  const wanted = [INTEGRATION_ATTRIBUTE, ATTEMPT_ATTRIBUTE, ...(knowsCallers ? CALLER_ATTRIBUTES : [])];
  const given = source.items(list).map((node) => ({ node, text: textOf(node) ?? '' }));
  const others = given.filter(({ text }) => !wanted.includes(text) && !OPTIONAL.includes(text));
  const missing = wanted.filter((want) => !given.some(({ text }) => text === want));
  for (const attribute of missing) {
    const meant = others.findIndex(({ text }) => letters(text) === letters(attribute));
    const [near] = meant < 0 ? [] : others.splice(meant, 1);
    const reason =
      near === undefined
        ? `request_attributes lacks ${attribute}, so each request is refused`
        : `Attaché knows this attribute only as ${attribute}, letter by letter, so each request is refused`;
    yield source.error(near?.node ?? list ?? item, reason, near === undefined ? 'add it' : 'write it so');
  }
  for (const { node, text } of others) {
    yield source.warning(node, `Attaché does not use the attribute ${text}`, 'take it away');
  }
}

/** What decides who asks. */
export const CALLER_ATTRIBUTES = [ADDRESS_ATTRIBUTE, URI_SAN_ATTRIBUTE];
/** What is sent without harm when nobody needs it. */
const OPTIONAL = [...CALLER_ATTRIBUTES, BODIES_ATTRIBUTE];

/** An expression without what may be written in several ways: quotes, dots, brackets, blanks, case. */
function letters(expression: string): string {
  return expression.toLowerCase().replace(/[^a-z_]/g, '');
}

function* metadata({ source, catalogue }: Configuration, { config, item }: AttacheFilter): Generator<Problem> {
  const options = source.get(config, 'metadata_options');
  const received = source.items(source.get(options, 'receiving_namespaces', 'untyped')).map(textOf);
  if ([...catalogue].some(({ redact }) => redact) && !received.includes(SEALED_NAMESPACE)) {
    yield source.error(
      source.get(options, 'receiving_namespaces') ?? options ?? item,
      `metadata_options.receiving_namespaces lacks ${SEALED_NAMESPACE}: what must be taken out of responses is not told`,
      `write receiving_namespaces: { untyped: [attache, ${SEALED_NAMESPACE}] }`,
    );
  }
  const effects = {
    receiving_namespaces: 'the access log does not show which integration and secret version a request had',
    forwarding_namespaces: 'on a retry Attaché does not learn which secret version was refused',
  };
  for (const [field, effect] of Object.entries(effects)) {
    if (source.items(source.get(options, field, 'untyped')).some((node) => textOf(node) === 'attache')) continue;
    yield source.warning(
      source.get(options, field) ?? options ?? item,
      `metadata_options.${field} lacks attache: ${effect}`,
      `write ${field}: { untyped: [attache] }`,
    );
  }
}

function* routeCache({ source }: Configuration, { config, item, side }: AttacheFilter): Generator<Problem> {
  const action = source.get(config, 'route_cache_action');
  const mend = 'write route_cache_action: RETAIN';
  if (textOf(action) === 'CLEAR' || numberOf(action) === 1) {
    const reason = 'route_cache_action: CLEAR has Envoy choose a route anew after the key is in the request';
    yield side === 'listener' ? source.error(action, reason, mend) : source.warning(action, reason, mend);
  } else if (
    textOf(action) !== 'RETAIN' &&
    numberOf(action) !== 2 &&
    booleanOf(source.get(config, 'disable_clear_route_cache')) !== true
  ) {
    yield source.warning(action ?? item, 'Attaché may have Envoy choose a route anew, which it never needs', mend);
  }
}
