import type { Node, YAMLMap } from 'yaml';
import { extProcFilters, type Filter, isA, isDisabled, routeOverride } from './envoy-filters.ts';
import type { Route } from './envoy-routes.ts';
import { routeConfigOf } from './live-routes.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { booleanOf, textOf } from './yaml-values.ts';

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
    const mine = managers.filter((it) => routeConfigOf(source, it) === route.routeConfig);
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

/** Switches of the filter, how they must be, and what happens when they are not. */
const SWITCHES = [
  {
    field: 'failure_mode_allow',
    want: false,
    effect: 'responses pass with what was injected when Attaché does not answer',
  },
  {
    field: 'observability_mode',
    want: false,
    effect: "Attaché's answers are ignored, so what was injected comes back",
  },
  { field: 'disable_immediate_response', want: false, effect: 'Attaché cannot hold a response back' },
  {
    field: 'send_body_without_waiting_for_header_response',
    want: false,
    effect: 'bodies pass before Attaché has asked for them',
  },
  {
    field: 'allow_mode_override',
    want: true,
    effect: 'bodies are not shown to Attaché, so what was injected comes back in them',
  },
];

/**
 * What lets a secret come back although its integration is to be taken out of responses: routes that switch on nothing that
 * does it, and settings by which Envoy passes a response on as it is.
 *
 * @param redacting the names of integrations with `redact: true`.
 */
export function redactionProblems(
  source: YamlSource,
  passages: readonly ResponsePassage[],
  redacting: ReadonlySet<string>,
): Problem[] {
  const mine = passages.filter(({ name }) => redacting.has(name));
  const filters = new Map(mine.flatMap(({ filter, isOn }) => (filter && isOn ? [[filter.item, filter] as const] : [])));
  return [
    ...mine.flatMap((passage) => (passage.isOn ? [...overrideProblems(source, passage)] : [isOff(source, passage)])),
    ...[...filters.values()].flatMap((filter) => [...leaks(source, filter)]),
  ];
}

function isOff(source: YamlSource, { route, name, filter }: ResponsePassage): Problem {
  const block = route.block?.value;
  const on = `typed_per_filter_config: { ${filter?.name ?? REDACT_FILTER}: ${SWITCH_ON} }`;
  return source.error(
    source.key(block, 'redact') ?? source.get(block, 'integration') ?? block,
    `integration ${name} has redact: true, but on this route no filter takes its secret out of responses`,
    filter === undefined
      ? `copy the filter ${REDACT_FILTER} from http_filters of the envoy.yaml that comes with Attaché, and write ${on} beside route:`
      : `write ${on} beside route:`,
  );
}

/** What a route changes in the filter. */
function* overrideProblems(source: YamlSource, { override }: ResponsePassage): Generator<Problem> {
  const overrides = source.get(override, 'overrides');
  const open = source.get(overrides, 'failure_mode_allow');
  if (booleanOf(open) === true) {
    yield source.error(
      open,
      'this route lets responses pass with what was injected when Attaché does not answer',
      'take failure_mode_allow away',
    );
  }
  for (const field of ['processing_mode', 'metadata_options', 'grpc_service'] as const) {
    const node = source.get(overrides, field);
    if (node === undefined) continue;
    yield source.error(
      node,
      `this route gives the filter that takes secrets out of responses another ${field}`,
      'write overrides: {}',
    );
  }
}

/** Settings of the filter itself. */
function* leaks(source: YamlSource, { config, item, name }: Filter): Generator<Problem> {
  for (const { field, want, effect } of SWITCHES) {
    const node = source.get(config, field);
    if ((booleanOf(node) ?? false) === want) continue;
    yield source.error(
      node ?? item,
      `${field} of the filter ${name} is ${!want}: ${effect}`,
      `write ${field}: ${want}`,
    );
  }
  const modes = source.get(config, 'allowed_override_modes');
  const streams = source.items(modes).some((mode) => {
    const text = (field: string) => textOf(source.get(mode, field)) ?? '';
    return (
      ['STREAMED', '1'].includes(text('response_body_mode')) && ['SEND', '1'].includes(text('response_trailer_mode'))
    );
  });
  if (modes !== undefined && source.items(modes).length > 0 && !streams) {
    yield source.error(
      modes,
      `allowed_override_modes of the filter ${name} does not let Attaché see bodies, so what was injected comes back in them`,
      'take allowed_override_modes away',
    );
  }
  const shown = source.get(config, 'forward_rules');
  if (shown !== undefined) {
    yield source.error(
      shown,
      `forward_rules of the filter ${name} keeps headers from Attaché, which may hold what was injected`,
      'take forward_rules away',
    );
  }
  const rules = source.get(config, 'mutation_rules');
  if (booleanOf(source.get(rules, 'disallow_is_error')) !== true) {
    yield source.error(
      source.get(rules, 'disallow_is_error') ?? rules ?? item,
      `a header that the filter ${name} may not change passes with what was injected`,
      'write disallow_is_error: true in its mutation_rules',
    );
  }
}
