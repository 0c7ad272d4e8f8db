import type { Node, YAMLMap } from 'yaml';
import { isA, isDisabled, routeOverride } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import { type Configuration, httpOptions } from './configuration.ts';
import type { Passage } from './passages.ts';

/** The name that envoy/envoy.yaml gives to the filter, and the header by which it learns where a response comes from. */
const LINKS_FILTER = 'links';
const DESTINATION_HEADER = 'x-attache-destination';
/** The state in which the address that the caller used is kept for it. */
const ORIGIN_STATE = 'caller_origin';

const EFFECT = 'so links and redirects of the destination lead callers past Attaché, without a key';
const OR = 'or write links: keep in their blocks';

/** Whether links in responses lead back to where the caller asked. */
export function* checkLinks(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const { source, maps } = configuration;
  const wanting = passages.filter(
    ({ asks, integration }) => asks && integration !== undefined && integration.links !== 'keep',
  );
  const told = new Set<unknown>();
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    const mine = wanting.filter(({ route }) => route.routeConfig === routeConfig && routeConfig !== undefined);
    if (mine.length > 0) yield* listener(source, manager, mine);
    if (saysDestination(source, source.get(manager, 'http_filters'))) for (const { cluster } of mine) told.add(cluster);
  }
  for (const cluster of new Set(wanting.map((passage) => passage.cluster))) {
    if (cluster === undefined || told.has(cluster)) continue;
    const filters = source.get(httpOptions(source, cluster), 'http_filters');
    if (saysDestination(source, filters)) continue;
    yield source.warning(
      filters ?? cluster,
      `cluster ${textOf(source.get(cluster, 'name'))} does not say which host a response comes from (${DESTINATION_HEADER}), ${EFFECT}`,
      `copy the filter final_answer from the envoy.yaml that comes with Attaché, ${OR}`,
    );
  }
}

function* listener(source: YamlSource, manager: YAMLMap, passages: readonly Passage[]): Generator<Problem> {
  const filters = source.items(source.get(manager, 'http_filters'));
  const found = filters.find((filter) => isLinksFilter(source, filter));
  if (found === undefined) {
    yield source.warning(
      source.get(manager, 'http_filters') ?? manager,
      `no filter leads links of responses back to the caller, ${EFFECT}`,
      `copy the filters caller_path and ${LINKS_FILTER} from the envoy.yaml that comes with Attaché, ${OR}`,
    );
    return;
  }
  const keeps = filters
    .flatMap((filter) => source.items(source.get(filter, 'typed_config', 'on_request_headers')))
    .some((entry) => textOf(source.get(entry, 'object_key')) === ORIGIN_STATE);
  if (!keeps) {
    yield source.warning(
      found,
      `no filter keeps ${ORIGIN_STATE}, the address that the caller used, ${EFFECT}`,
      'copy the filter caller_path from the envoy.yaml that comes with Attaché',
    );
  }
  const item = source.map(found);
  const config = source.map(source.get(item, 'typed_config'));
  if (item === undefined || config === undefined) return;
  const filter = { item, config, name: textOf(source.get(item, 'name')) ?? '' };
  for (const { route, integration } of passages) {
    const override = routeOverride(source, filter, [route.route, route.virtualHost, route.routeConfig]);
    if (!isDisabled(source, filter, override)) continue;
    yield source.warning(
      override ?? item,
      `the filter ${filter.name} is off on this route, ${EFFECT}`,
      `switch it on, or write links: keep in the block of ${integration?.name}`,
    );
  }
}

/** One whose script stands in another file is known by its name. */
function isLinksFilter(source: YamlSource, filter: unknown): boolean {
  const config = source.get(filter, 'typed_config');
  if (!isA(source, config, 'Lua')) return false;
  const script =
    textOf(source.get(config, 'default_source_code', 'inline_string')) ?? textOf(source.get(config, 'inline_code'));
  return script === undefined
    ? textOf(source.get(filter, 'name')) === LINKS_FILTER
    : script.includes(DESTINATION_HEADER);
}

function saysDestination(source: YamlSource, filters: Node | undefined): boolean {
  return source
    .items(filters)
    .flatMap((filter) => source.items(source.get(filter, 'typed_config', 'mutations', 'response_mutations')))
    .some((mutation) => textOf(source.get(mutation, 'append', 'header', 'key')) === DESTINATION_HEADER);
}
