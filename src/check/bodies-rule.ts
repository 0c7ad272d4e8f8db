import type { Node, YAMLMap } from 'yaml';
import { BODIES_ATTRIBUTE } from '../integrations/body-override.ts';
import { isA } from '../integrations/envoy-filters.ts';
import type { Integration } from '../integrations/integration.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import { LARGEST_BODY } from '../processor/processor-server.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';
import { isForwarded } from './forward-rule.ts';
import type { Passage } from './passages.ts';
import { keptIn } from './retries-rule.ts';

/** What Envoy keeps of a body for a retry unless a route says more, in bytes. */
export const KEPT_BY_DEFAULT = 1_048_576;

/** A limit that fits most calls to AWS, in bytes. */
const USUAL_LIMIT = 4_194_304;

/** Whether a filter shows what a signature needs: bodies, and all headers that AWS wants signed. */
export function* checkBodies(
  { source }: Configuration,
  { config, item }: AttacheFilter,
  integrations: readonly Integration[],
): Generator<Problem> {
  const reading = integrations.find(({ injector }) => injector.readsBody);
  const attributes = source.get(config, 'request_attributes');
  if (reading !== undefined && !source.items(attributes).some((node) => textOf(node) === BODIES_ATTRIBUTE)) {
    yield source.error(
      attributes ?? item,
      `integration ${reading.name} signs bodies, and the filter hands none over, so requests with a body are refused`,
      `write allow_mode_override: true and add "${BODIES_ATTRIBUTE}" to request_attributes`,
    );
  }
  const signing = integrations.find(({ writes }) => writes.includes('x-amz-date'));
  // The second one stands for the names that a caller may choose.
  const isSigned = ['x-amz-target', 'x-amz-meta-anything-at-all'].every((name) => isForwarded(source, config, name));
  if (signing !== undefined && !isSigned) {
    yield source.error(
      source.get(config, 'forward_rules') ?? item,
      `forward_rules keeps x-amz- headers from Attaché, and AWS refuses requests of integration ${signing.name} in which they are not signed`,
      'add { prefix: x-amz- } to allowed_headers.patterns, and take them out of disallowed_headers',
    );
  }
}

/** Whether bodies that are signed are held back whole, within limits that everybody on the way can bear. */
export function* checkBodyLimits(configuration: Configuration, passages: readonly Passage[]): Generator<Problem> {
  const { source } = configuration;
  for (const { route, integration, filter, disabled } of passages) {
    if (integration?.injector.readsBody !== true || filter === undefined || disabled) continue;
    const buffer = findBuffer(configuration, route.routeConfig);
    // Listeners of another file have their filters there.
    if (buffer === undefined) continue;
    const name = textOf(source.get(buffer.filter, 'name')) ?? 'whole_body';
    const override = [route.route, route.virtualHost, route.routeConfig]
      .map((place) => source.get(place, 'typed_per_filter_config', name))
      .find((node) => node !== undefined);
    const limit = limitOf(configuration, buffer.filter, override);
    if (limit === undefined) {
      yield source.error(
        override ?? source.get(route.route, 'route') ?? route.route,
        `nothing limits the bodies that are signed for integration ${integration.name}, so a request with a large one hangs`,
        buffer.filter === undefined
          ? 'copy the filter whole_body from the envoy.yaml that comes with Attaché, and give the route its BufferPerRoute'
          : `write request_body_buffer_limit: ${USUAL_LIMIT} and typed_per_filter_config: { ${name}: { "@type": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute, buffer: { max_request_bytes: ${USUAL_LIMIT} } } } beside route`,
      );
      continue;
    }
    const bytes = numberOf(limit) ?? 0;
    if (bytes > LARGEST_BODY) {
      yield source.error(
        limit,
        `bodies of up to ${bytes} bytes are held back, and Attaché reads no more than ${LARGEST_BODY} to sign them`,
        `write max_request_bytes: ${USUAL_LIMIT}, or ${LARGEST_BODY} at most`,
      );
    }
    const keeps = keptIn(source, route);
    if ((numberOf(keeps) ?? KEPT_BY_DEFAULT) < bytes) {
      yield source.warning(
        keeps ?? source.get(route.route, 'route'),
        `a body of more than ${numberOf(keeps) ?? KEPT_BY_DEFAULT} bytes is signed but not kept, so a request whose key was refused is not sent again`,
        `write request_body_buffer_limit: ${bytes} beside route`,
      );
    }
  }
}

/** The buffer filter of the listener that has these routes; undefined when no listener of the file has them. */
function findBuffer(
  { source, maps }: Configuration,
  routeConfig: YAMLMap | undefined,
): { readonly filter: YAMLMap | undefined } | undefined {
  const manager = maps.find(
    (map) =>
      isA(source, map, 'HttpConnectionManager') &&
      routeConfig !== undefined &&
      routeConfigOf(source, map) === routeConfig,
  );
  if (manager === undefined) return undefined;
  const filters = source.items(source.get(manager, 'http_filters'));
  return { filter: source.map(filters.find((filter) => isA(source, source.get(filter, 'typed_config'), 'Buffer'))) };
}

/** Where the largest body is named that a buffer filter holds back; undefined when it holds none. */
function limitOf({ source }: Configuration, filter: YAMLMap | undefined, override: Node | undefined): Node | undefined {
  if (filter === undefined) return undefined;
  const settings = source.get(override, 'config') ?? override;
  if (settings === undefined) {
    const isOff = booleanOf(source.get(filter, 'disabled')) === true;
    return isOff ? undefined : source.get(filter, 'typed_config', 'max_request_bytes');
  }
  if (booleanOf(source.get(override, 'disabled')) === true || booleanOf(source.get(settings, 'disabled')) === true)
    return undefined;
  return source.get(settings, 'buffer', 'max_request_bytes');
}
