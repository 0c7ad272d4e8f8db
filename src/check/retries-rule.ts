import type { Node, YAMLMap } from 'yaml';
import { isA, isDisabled, routeOverride } from '../integrations/envoy-filters.ts';
import type { Route } from '../integrations/envoy-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { numberOf, textOf } from '../integrations/yaml-values.ts';
import { ANSWERED_ATTRIBUTE } from '../processor/request-facts.ts';
import type { AttacheFilter } from './attache-filter.ts';
import { type Configuration, httpOptions } from './configuration.ts';
import type { Passage } from './passages.ts';

/** As many retries at a time as a rotation may need: in it, each request under way is sent again at once. */
const ENOUGH_RETRIES = 1_024;

/** Why a request is sent again: its key was refused, or nothing of it can have been processed. */
const BEFORE_ANYTHING = ['reset-before-request', 'connect-failure', 'refused-stream'];
export const RETRY_ON = ['retriable-status-codes', ...BEFORE_ANYTHING].join(',');
/** Conditions of Envoy that hold for all of those, and for more. */
const WIDER = ['reset', '5xx'];

/** Whether a retry for such a reason can be told from one for a refused key. */
function saysWhy({ source }: Configuration, filter: AttacheFilter): boolean {
  return source
    .items(source.get(filter.config, 'request_attributes'))
    .some((node) => textOf(node) === ANSWERED_ATTRIBUTE);
}

/** How often: two for a key that is refused, as `final_answer` in envoy/envoy.yaml sees to, and one more for connections. */
export const RETRIES = 3;
const MOST_FOR_A_KEY = 2;

/** The header by which a request says on what else it is retried. */
const RETRY_HEADER = 'x-envoy-retry-on';

/** Whether a request whose key was refused is sent again, and its cluster allows as many of them as a rotation brings. */
export function* checkRetries(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const { source } = configuration;
  const untold = new Set<AttacheFilter>();
  const told = new Set<YAMLMap | undefined>();
  for (const { route, cluster, clusterName, asks, filter } of passages) {
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
    const others = on.filter((name) => [...BEFORE_ANYTHING, ...WIDER].includes(name));
    if (filter?.side === 'cluster' && others.length > 0 && !untold.has(filter) && !saysWhy(configuration, filter)) {
      untold.add(filter);
      yield source.warning(
        source.get(filter.config, 'request_attributes') ?? filter.item,
        `Attaché takes a key for refused when Envoy tries again for another reason (${others.join(', ')})`,
        `add ${ANSWERED_ATTRIBUTE} to request_attributes, letter by letter`,
      );
    }
    if (cluster === undefined) continue;
    if (
      filter?.side === 'cluster' &&
      times > MOST_FOR_A_KEY &&
      !told.has(cluster) &&
      !limitsAttempts(source, cluster)
    ) {
      told.add(cluster);
      yield source.warning(
        source.get(httpOptions(source, cluster), 'http_filters') ?? cluster,
        `cluster ${clusterName} sends a key that is refused ${times + 1} times, as num_retries says, because nothing sets its end apart`,
        'copy the filter final_answer from the envoy.yaml that comes with Attaché, or write num_retries: 2',
      );
    }
    if (filter?.side === 'cluster' && !stopsRetries(source, cluster)) {
      yield source.warning(
        source.get(httpOptions(source, cluster), 'http_filters') ?? cluster,
        `cluster ${clusterName} retries a key that is simply wrong again and again, because nothing tells Envoy that no other is left to try`,
        'copy the filter final_answer from the envoy.yaml that comes with Attaché',
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
    const routeConfig = source.map(source.get(manager, 'route_config'));
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

/** Whether a filter ends the attempts of a refused key before all retries are used. */
function limitsAttempts(source: YamlSource, cluster: YAMLMap): boolean {
  return mutations(source, source.get(httpOptions(source, cluster), 'http_filters'), 'response_mutations').some(
    (mutation) => {
      const header = source.get(mutation, 'append', 'header');
      const value = textOf(source.get(header, 'value')) ?? '';
      return textOf(source.get(header, 'key')) === 'x-envoy-ratelimited' && value.includes('request_attempt_count');
    },
  );
}

function mutations(source: YamlSource, filters: Node | undefined, field: string): Node[] {
  return source
    .items(filters)
    .flatMap((filter) => source.items(source.get(filter, 'typed_config', 'mutations', field)));
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
