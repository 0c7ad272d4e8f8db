import type { Node, YAMLMap } from 'yaml';
import { isA, isDisabled, routeOverride } from '../integrations/envoy-filters.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import { ANSWER_KEY, NAMESPACE } from '../processor/attempts.ts';
import { type Configuration, httpOptions } from './configuration.ts';
import type { Passage } from './passages.ts';

/** As many retries at a time as a rotation may need: in it, each request under way is sent again at once. */
const ENOUGH_RETRIES = 1_024;

/** Why a request is sent again: its key was refused, or nothing of it can have been processed. */
const BEFORE_ANYTHING = ['reset-before-request', 'connect-failure', 'refused-stream'];
export const RETRY_ON = ['retriable-status-codes', ...BEFORE_ANYTHING].join(',');
/** Conditions of Envoy that hold for all of those, and for more. */
const WIDER = ['reset', '5xx'];

/** How often: two for keys that are refused, as Attaché sees to, and one more for connections. */
export const RETRIES = 3;

/** How much of a body is kept for a retry, in bytes: pictures for a model fit in. */
export const KEPT = 16_777_216;

/** The fields that say so, the newer one first. */
const KEPT_FIELDS = ['request_body_buffer_limit', 'per_request_buffer_limit_bytes'];

/** Where a route, or its virtual host, says how much of a body is kept; undefined when neither does. */
export function keptIn(source: YamlSource, { route, virtualHost }: Route): Node | undefined {
  return KEPT_FIELDS.flatMap((field) => [source.get(route, field), source.get(virtualHost, field)]).find(
    (node) => node !== undefined,
  );
}

/** The header by which a request says on what else it is retried. */
const RETRY_HEADER = 'x-envoy-retry-on';

/** Whether a request whose key was refused is sent again, and its cluster allows as many of them as a rotation brings. */
export function* checkRetries(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const { source } = configuration;
  const untold = new Set<YAMLMap>();
  for (const { route, cluster, clusterName, asks, filter, integration } of passages) {
    if (!asks) continue;
    const action = source.get(route.route, 'route');
    const policy = source.get(action, 'retry_policy') ?? source.get(route.virtualHost, 'retry_policy');
    const on = (textOf(source.get(policy, 'retry_on')) ?? '').split(',').map((name) => name.trim());
    const codes = source.items(source.get(policy, 'retriable_status_codes')).map(numberOf);
    const times = numberOf(source.get(policy, 'num_retries')) ?? 1;
    if (!on.includes('retriable-status-codes') || !codes.includes(401) || times < 1) {
      yield source.warning(
        policy ?? action,
        'a request whose key was refused is not sent again with a fresh one, so rotations lose requests',
        `write retry_policy: { retry_on: "${RETRY_ON}", retriable_status_codes: [401], num_retries: ${RETRIES} }`,
      );
    } else if (!BEFORE_ANYTHING.every((name) => on.includes(name)) && !on.some((name) => WIDER.includes(name))) {
      yield source.warning(
        source.get(policy, 'retry_on'),
        'requests are lost when a destination closes the connection just as it is used, although nothing of them was processed',
        `write retry_on: "${RETRY_ON}"`,
      );
    }
    if (integration?.injector.readsBody !== true && keptIn(source, route) === undefined) {
      yield source.warning(
        action,
        'a request with a body of more than 1 MiB is not sent again when its key was refused, so rotations lose it',
        `write request_body_buffer_limit: ${KEPT} beside route, or what you can bear for each request under way`,
      );
    }
    const hedging = source.get(action, 'hedge_policy') ?? source.get(route.virtualHost, 'hedge_policy');
    if (booleanOf(source.get(hedging, 'hedge_on_per_try_timeout')) === true) {
      yield source.error(
        hedging,
        'with attempts side by side, nobody can tell which of their keys a 401 refuses, so keys that are good are taken for refused',
        'take hedge_on_per_try_timeout away; per_try_timeout alone does no harm',
      );
    }
    if (cluster === undefined) continue;
    if (filter?.side === 'cluster' && !stopsRetries(source, cluster)) {
      yield source.warning(
        source.get(httpOptions(source, cluster), 'http_filters') ?? cluster,
        `cluster ${clusterName} retries a key that is simply wrong again and again, because nothing tells Envoy that no other is left to try`,
        'copy the filter final_answer from the envoy.yaml that comes with Attaché',
      );
    }
    if (filter?.side === 'cluster' && !untold.has(cluster) && !saysWhy(source, cluster)) {
      untold.add(cluster);
      yield source.warning(
        source.get(httpOptions(source, cluster), 'http_filters') ?? cluster,
        `cluster ${clusterName} does not say how an attempt ended, so a key that was refused is sent again, and rotations lose requests`,
        'copy the filter answers from the envoy.yaml that comes with Attaché',
      );
    }
    const thresholds = source.items(source.get(cluster, 'circuit_breakers', 'thresholds'));
    const usual = thresholds.find((node) =>
      ['DEFAULT', '0'].includes(textOf(source.get(node, 'priority')) ?? 'DEFAULT'),
    );
    const budget = source.get(usual, 'retry_budget');
    const most = source.get(usual, 'max_retries');
    if (
      budget !== undefined
        ? (numberOf(source.get(budget, 'budget_percent', 'value')) ?? 20) < 100
        : (numberOf(most) ?? 3) < ENOUGH_RETRIES
    ) {
      yield source.warning(
        budget ?? most ?? usual ?? cluster,
        `cluster ${clusterName} allows too few retries at a time, so rotations lose requests`,
        'write circuit_breakers: { thresholds: [{ max_retries: 65536 }] }',
      );
    }
  }
}

/** Whether what may be done twice is sent again when its connection breaks. */
export function* checkRepeats({ source, maps }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    const mine = passages.filter(({ asks, route }) => asks && route.routeConfig === routeConfig);
    const filters = source.get(manager, 'http_filters');
    const says = source
      .items(filters)
      .find((filter) =>
        source
          .items(source.get(filter, 'typed_config', 'mutations', 'request_mutations'))
          .some((mutation) => textOf(source.get(mutation, 'append', 'header', 'key')) === RETRY_HEADER),
      );
    if (routeConfig === undefined || mine.length === 0 || mine.every(({ route }) => isOn(source, says, route)))
      continue;
    yield source.warning(
      filters ?? manager,
      'a GET whose connection breaks is not sent again, and callers may say by headers what is',
      says === undefined
        ? 'copy the filter repeatable from the envoy.yaml that comes with Attaché'
        : 'switch the filter that says so on in the typed_per_filter_config of each virtual host with an integration',
    );
  }
}

/** Whether a filter of the listener acts on a route. */
function isOn(source: YamlSource, node: Node | undefined, { route, virtualHost, routeConfig }: Route): boolean {
  const [item, config] = [source.map(node), source.map(source.get(node, 'typed_config'))];
  if (item === undefined || config === undefined) return false;
  const filter = { item, config, name: textOf(source.get(item, 'name')) ?? '' };
  return !isDisabled(source, filter, routeOverride(source, filter, [route, virtualHost, routeConfig]));
}

function mutations(source: YamlSource, filters: Node | undefined, field: string): Node[] {
  return source
    .items(filters)
    .flatMap((filter) => source.items(source.get(filter, 'typed_config', 'mutations', field)));
}

/** Whether a filter writes down how each attempt was answered, for Attaché to read in the next one. */
function saysWhy(source: YamlSource, cluster: YAMLMap): boolean {
  return source.items(source.get(httpOptions(source, cluster), 'http_filters')).some((filter) => {
    const config = source.get(filter, 'typed_config');
    if (!isA(source, config, 'Lua')) return false;
    const code = source.get(config, 'default_source_code', 'inline_string') ?? source.get(config, 'inline_code');
    return [':status', `"${NAMESPACE}"`, `"${ANSWER_KEY}"`].every((word) => (textOf(code) ?? '').includes(word));
  });
}

/** Whether a filter turns Attaché's word that an answer is final into the header that keeps Envoy from retrying. */
function stopsRetries(source: YamlSource, cluster: YAMLMap): boolean {
  return mutations(source, source.get(httpOptions(source, cluster), 'http_filters'), 'response_mutations').some(
    (mutation) => {
      const header = source.get(mutation, 'append', 'header');
      const value = textOf(source.get(header, 'value')) ?? '';
      return (
        textOf(source.get(header, 'key')) === 'x-envoy-ratelimited' && value.includes('DYNAMIC_METADATA(attache:final)')
      );
    },
  );
}
