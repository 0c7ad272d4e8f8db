import type { Node, YAMLMap } from 'yaml';
import { extProcFilters, type Filter, isA, isDisabled, routeOverride } from './envoy-filters.ts';
import type { Route } from './envoy-routes.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** The name that envoy/envoy.yaml gives to the filter, and what switches it on. */
export const REDACT_FILTER = 'redact';
export const SWITCH_ON =
  '{ "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides: {} }';

/** Whether an ext_proc filter is one that is shown responses and no requests. */
export function isRedactFilter(source: YamlSource, { config }: Filter): boolean {
  const mode = (field: string) => textOf(source.get(config, 'processing_mode', field)) ?? '';
  return ['SEND', '1'].includes(mode('response_header_mode')) && ['SKIP', '2'].includes(mode('request_header_mode'));
}

/** A way of responses back to the caller: a route, and a filter that may take values out of them. */
export interface ResponsePassage {
  readonly route: Route;
  /** The name in the route's block, right or wrong; empty when it has none. */
  readonly name: string;
  /** Undefined when the connection manager has no such filter, or does not stand in this file. */
  readonly filter: Filter | undefined;
  /** What the route, or what it stands in, says about the filter. */
  readonly override: Node | undefined;
  readonly isOn: boolean;
}

/** Every such way that the file shows: one for each route, each connection manager with it and each cluster that it goes to. */
export function responsePassages(
  source: YamlSource,
  maps: readonly YAMLMap[],
  routes: readonly Route[],
): ResponsePassage[] {
  const managers = maps.filter((map) => isA(source, map, 'HttpConnectionManager'));
  return routes.flatMap((route) => {
    const name = textOf(source.get(route.block?.value, 'integration')) ?? '';
    const mine = managers.filter((it) => source.map(source.get(it, 'route_config')) === route.routeConfig);
    const weighted = source.items(source.get(route.route, 'route', 'weighted_clusters', 'clusters'));
    const targets = weighted.length === 0 ? [undefined] : weighted.map((entry) => source.map(entry));
    return targets.flatMap((target): ResponsePassage[] => {
      const places = [target, route.route, route.virtualHost, route.routeConfig];
      if (mine.length === 0 || route.routeConfig === undefined) return [{ route, name, ...elsewhere(source, places) }];
      return mine.map((manager) => ({ route, name, ...through(source, manager, places) }));
    });
  });
}

type Found = Pick<ResponsePassage, 'filter' | 'override' | 'isOn'>;

function through(source: YamlSource, manager: YAMLMap, places: readonly (YAMLMap | undefined)[]): Found {
  const filters = extProcFilters(source, source.get(manager, 'http_filters')).filter((it) =>
    isRedactFilter(source, it),
  );
  const found = filters.map((filter): Found => {
    const override = routeOverride(source, filter, places);
    return { filter, override, isOn: !isDisabled(source, filter, override) };
  });
  return found.find(({ isOn }) => isOn) ?? found[0] ?? { filter: undefined, override: undefined, isOn: false };
}

/** The filters of a file for RDS stand elsewhere: the best that can be told is whether the route switches one on. */
function elsewhere(source: YamlSource, places: readonly (YAMLMap | undefined)[]): Found {
  const isOn = places.some((place) =>
    source.pairs(source.get(place, 'typed_per_filter_config')).some(({ value }) => {
      const settings = source.get(value, 'config') ?? source.follow(value);
      return (
        isA(source, settings, 'ExtProcPerRoute') &&
        [value, settings].every((node) => textOf(source.get(node, 'disabled')) !== 'true')
      );
    }),
  );
  return { filter: undefined, override: undefined, isOn };
}

/**
 * Routes whose integration is to be taken out of responses, and that switch nothing on that does it: the secret would come back.
 *
 * @param redacting the names of integrations with `redact: true`.
 */
export function redactionProblems(
  source: YamlSource,
  passages: readonly ResponsePassage[],
  redacting: ReadonlySet<string>,
): Problem[] {
  return passages
    .filter(({ name, isOn }) => redacting.has(name) && !isOn)
    .map(({ route, name, filter }) => {
      const block = route.block?.value;
      const reason = `integration ${name} has redact: true, but on this route no filter takes its secret out of responses`;
      const on = `typed_per_filter_config: { ${filter?.name ?? REDACT_FILTER}: ${SWITCH_ON} }`;
      return source.error(
        source.key(block, 'redact') ?? source.get(block, 'integration') ?? block,
        reason,
        filter === undefined
          ? `copy the filter ${REDACT_FILTER} from http_filters of the envoy.yaml that comes with Attaché, and write ${on} beside route:`
          : `write ${on} beside route:`,
      );
    });
}
