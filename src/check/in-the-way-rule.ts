import { isA, isDisabled, routeOverride } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { textOf } from '../integrations/yaml-values.ts';
import type { Configuration } from './configuration.ts';
import type { Passage } from './passages.ts';

/** Filters of a listener that act on requests for which they are not meant, unless they are off. */
const IN_THE_WAY = ['dynamic_forward_proxy.v3.FilterConfig', 'CredentialInjector', 'AwsRequestSigning'] as const;

/** What switches a filter off on a route or a virtual host. */
export const SWITCH_OFF = '{ "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true }';

/** Whether a filter acts on requests with a key too: it looks the caller's host up, or adds another key. */
export function isInTheWay(source: YamlSource, filter: unknown): boolean {
  return kindOf(source, filter) !== undefined;
}

function kindOf(source: YamlSource, filter: unknown): (typeof IN_THE_WAY)[number] | undefined {
  return IN_THE_WAY.find((message) => isA(source, source.get(filter, 'typed_config'), message));
}

/** Whether such a filter is off for integrations. */
export function* checkInTheWay({ source, maps }: Configuration, passages: readonly Passage[]): Generator<Problem> {
  for (const manager of maps.filter((map) => isA(source, map, 'HttpConnectionManager'))) {
    const routeConfig = routeConfigOf(source, manager);
    const mine = passages.filter(({ asks, route }) => asks && route.routeConfig === routeConfig);
    if (routeConfig === undefined || mine.length === 0) continue;
    for (const node of source.items(source.get(manager, 'http_filters'))) {
      const kind = kindOf(source, node);
      const [item, config] = [source.map(node), source.map(source.get(node, 'typed_config'))];
      if (kind === undefined || item === undefined || config === undefined) continue;
      const filter = { item, config, name: textOf(source.get(item, 'name')) ?? '' };
      for (const passage of mine) {
        const { route, virtualHost } = passage.route;
        const override = routeOverride(source, filter, [route, virtualHost, routeConfig]);
        const effect = effectOf(source, kind, filter.config, passage);
        if (effect === undefined || isDisabled(source, filter, override)) continue;
        yield source.error(
          override ?? source.get(route, 'route') ?? route,
          `the filter ${filter.name} of the listener ${effect}`,
          `write typed_per_filter_config: { ${filter.name}: ${SWITCH_OFF} } beside route`,
        );
      }
    }
  }
}

/** What the filter does to a request with a key; undefined where it does no harm. */
function effectOf(
  source: YamlSource,
  kind: (typeof IN_THE_WAY)[number],
  config: unknown,
  { cluster, integration }: Passage,
): string | undefined {
  const name = integration?.name ?? 'this route';
  if (kind === 'AwsRequestSigning') return `signs requests of integration ${name} with keys of Envoy's`;
  if (kind === 'CredentialInjector') {
    const header = textOf(source.get(config, 'credential', 'typed_config', 'header'))?.toLowerCase() ?? 'authorization';
    // What Attaché takes away or sets goes no further.
    if (integration?.mutates.includes(header) === true) return undefined;
    return `puts a key of its own into ${header}, which the destination of integration ${name} gets`;
  }
  const finds = isA(source, source.get(cluster, 'cluster_type', 'typed_config'), 'ClusterConfig');
  return finds ? `looks up the host that the caller of integration ${name} named, and finds none` : undefined;
}
