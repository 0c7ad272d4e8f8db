import type { Node, YAMLMap, YAMLSeq } from 'yaml';
import { isInTheWay } from '../check/in-the-way-rule.ts';
import { isA } from '../integrations/envoy-filters.ts';
import { routeConfigOf } from '../integrations/live-routes.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, textOf } from '../integrations/yaml-values.ts';
import type { Readable } from './readable.ts';

/**
 * What the connection manager around a list of virtual hosts does not say, so that a virtual host with an integration says it for
 * itself alone. In envoy/envoy.yaml it is nothing; a listener that somebody had before stays as it is for its other hosts.
 */
export interface Surroundings {
  /** Whether a host with a port, such as `stripe.int:8080`, must be named besides the host. */
  readonly needsPorts: boolean;
  /** Headers that say who the caller is, or what Envoy did, and are for nobody else. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  /** Filters that are off, and that requests with a key need. */
  readonly on: readonly string[];
  /** Filters that are on, and that would look the caller's host up or put another key into the request. */
  readonly off: readonly string[];
  /** Whether calls may be silent, and be WebSockets, only where a route says so. */
  readonly needsPatience: boolean;
  readonly needsUpgrades: boolean;
}

const REQUEST_HEADERS = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-request-id',
];
const RESPONSE_HEADERS = ['x-envoy-ratelimited'];

/** What a virtual host in this list must say itself; undefined for nothing, also when its listener is in another file. */
export function surroundings({ source, maps }: Readable, list: YAMLSeq<unknown> | undefined): Surroundings | undefined {
  const manager = maps.find(
    (map) =>
      isA(source, map, 'HttpConnectionManager') &&
      list !== undefined &&
      source.get(routeConfigOf(source, map), 'virtual_hosts') === list,
  );
  if (manager === undefined) return undefined;
  const routeConfig = routeConfigOf(source, manager);
  const isOn = (node: Node | undefined) => booleanOf(node) === true;
  const filters = source.items(source.get(manager, 'http_filters'));
  const named = (wanted: readonly Node[]) => wanted.map((filter) => textOf(source.get(filter, 'name')) ?? '');
  return {
    needsPorts: needsPorts(source, manager),
    requestHeaders: lacking(source, routeConfig, 'request_headers_to_remove', REQUEST_HEADERS),
    responseHeaders: lacking(source, routeConfig, 'response_headers_to_remove', RESPONSE_HEADERS),
    on: named(filters.filter((filter) => isOn(source.get(filter, 'disabled')) && isNeeded(source, filter))),
    off: named(filters.filter((filter) => !isOn(source.get(filter, 'disabled')) && isInTheWay(source, filter))),
    needsPatience: source.get(manager, 'stream_idle_timeout') === undefined,
    needsUpgrades: !upgrades(source, manager),
  };
}

/** Whether the virtual hosts of a connection manager must name a host with its port besides the host. */
export function needsPorts(source: YamlSource, manager: YAMLMap | undefined): boolean {
  const settings = [
    source.get(routeConfigOf(source, manager), 'ignore_port_in_host_matching'),
    source.get(manager, 'strip_any_host_port'),
  ];
  return !settings.some((node) => booleanOf(node) === true);
}

/** The same domains, with any port too. */
export function withPorts(domains: readonly string[]): string[] {
  return domains.flatMap((domain) => [domain, `${domain}:*`]);
}

function lacking(
  source: YamlSource,
  routeConfig: Node | undefined,
  field: string,
  wanted: readonly string[],
): string[] {
  const removed = source.items(source.get(routeConfig, field)).map((node) => textOf(node)?.toLowerCase());
  return wanted.filter((header) => !removed.includes(header));
}

/** One that says what is sent again, or by which protocol a WebSocket goes on. */
function isNeeded(source: YamlSource, filter: Node): boolean {
  const config = source.get(filter, 'typed_config');
  const says = source
    .items(source.get(config, 'mutations', 'request_mutations'))
    .some((mutation) => textOf(source.get(mutation, 'append', 'header', 'key')) === 'x-envoy-retry-on');
  const chooses = source
    .items(source.get(config, 'on_request_headers'))
    .some((entry) => textOf(source.get(entry, 'object_key')) === 'envoy.network.application_protocols');
  return says || chooses;
}

function upgrades(source: YamlSource, manager: YAMLMap): boolean {
  return source
    .items(source.get(manager, 'upgrade_configs'))
    .some((config) => textOf(source.get(config, 'upgrade_type'))?.toLowerCase() === 'websocket');
}
