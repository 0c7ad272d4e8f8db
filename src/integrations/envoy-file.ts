import type { Node, YAMLMap } from 'yaml';
import { isA } from './envoy-filters.ts';
import type { Route } from './envoy-routes.ts';
import { connectionManagers, routeConfigOf } from './live-routes.ts';
import type { Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';
import { textOf } from './yaml-values.ts';

/** Types and versions by which a file says that it is for version 2 of Envoy's API. */
const OF_VERSION_2 = /\benvoy\.(?:api\.v2|config\.(?:[a-z0-9_]+\.)+v2(?:alpha\d?)?|data\.(?:[a-z0-9_]+\.)+v2)\b/;
/** Fields that version 3 has under other names, each with the field beside which it stands. */
const FIELDS_OF_VERSION_2 = [
  { field: 'tls_context', beside: 'name' },
  { field: 'hosts', beside: 'connect_timeout' },
  { field: 'config', beside: 'name' },
];
/** Filters of version 2, which are configured by their name alone. */
const NAMES_OF_VERSION_2 =
  /^envoy\.(?:http_connection_manager|router|tcp_proxy|lua|ext_authz|file_access_log|cors|gzip|fault)$/;

/** Where a file shows that it is for version 2 of Envoy's API; undefined for version 3. */
export function versionTwo(source: YamlSource, maps: readonly YAMLMap[]): Node | undefined {
  for (const map of maps) {
    const type = source.get(map, '@type') ?? source.get(map, 'type_url');
    if (OF_VERSION_2.test(textOf(type) ?? '')) return type;
    const version = source.get(map, 'transport_api_version') ?? source.get(map, 'resource_api_version');
    if (textOf(version) === 'V2') return version;
    const old = FIELDS_OF_VERSION_2.find(
      ({ field, beside }) => source.get(map, field) !== undefined && source.get(map, beside) !== undefined,
    );
    const isOld =
      old !== undefined &&
      (old.field !== 'config' || NAMES_OF_VERSION_2.test(textOf(source.get(map, 'name')) ?? '')) &&
      (old.field !== 'hosts' || source.get(map, 'hosts', 'socket_address') !== undefined || isOfAddresses(source, map));
    if (isOld) return source.key(map, old.field);
  }
  return undefined;
}

function isOfAddresses(source: YamlSource, map: YAMLMap): boolean {
  return source
    .items(source.get(map, 'hosts'))
    .some((host) => ['socket_address', 'pipe'].some((field) => source.get(host, field) !== undefined));
}

/** What version 2 of the API means for a file. */
export function versionTwoProblem(source: YamlSource, node: Node): Problem {
  return source.error(
    node,
    "this file is for version 2 of Envoy's API, which no Envoy has taken since 1.18",
    'write it for version 3 first (the types end in .v3.…, and config: is typed_config: with an @type), then type attache init',
  );
}

/** Whether a file is what Envoy is started with, and no file of routes or of other resources for xDS. */
export function isBootstrap(source: YamlSource): boolean {
  return ['static_resources', 'dynamic_resources'].some((field) => source.key(source.root, field) !== undefined);
}

/** Whether nothing in a file asks Attaché: no filter calls it, and no route has a block. */
export function isWithoutAttache(source: YamlSource, maps: readonly YAMLMap[], routes: readonly Route[]): boolean {
  if (routes.some(({ block }) => block !== undefined)) return false;
  return !maps.some(
    (map) =>
      isA(source, map, 'ExternalProcessor') &&
      /attache/i.test(textOf(source.get(map, 'grpc_service', 'envoy_grpc', 'cluster_name')) ?? ''),
  );
}

/** What an Envoy configuration is, in words: `an Envoy configuration in JSON (2 listeners, 5 routes, 3 clusters)`. */
export function envoyFileInWords(source: YamlSource, maps: readonly YAMLMap[], routes: readonly Route[]): string {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  const items = (field: string) => source.items(source.get(source.root, 'static_resources', field)).length;
  const isJson = source.map(source.root)?.flow === true;
  const dynamic = ['lds_config', 'cds_config', 'ads_config'].filter(
    (field) => source.get(source.root, 'dynamic_resources', field) !== undefined,
  );
  const managers = connectionManagers(source, maps);
  const byRds = managers.some(
    (map) => (source.get(map, 'rds') ?? source.get(map, 'scoped_routes')) && routeConfigOf(source, map) === undefined,
  );
  const notes = [
    ...(dynamic.length === 0 ? [] : ['which gets listeners, routes or clusters by xDS besides']),
    ...(byRds ? ['whose routes come by RDS'] : []),
    ...(managers.length === 0 && dynamic.length === 0 ? ['which has no HTTP connection manager'] : []),
    ...(managers.length > 0 && routes.length === 0 && !byRds ? ['which has no routes'] : []),
  ];
  const counts = [
    count(items('listeners'), 'listener'),
    count(routes.length, 'route'),
    count(items('clusters'), 'cluster'),
  ];
  return [`an Envoy configuration in ${isJson ? 'JSON' : 'YAML'} (${counts.join(', ')})`, ...notes].join(', ');
}

/** What a file is that is neither an Envoy configuration nor a list of integrations, and what to do with it. */
export function strangeFile(source: YamlSource): Problem {
  const { root } = source;
  if (source.key(root, 'configs') !== undefined)
    return source.error(
      source.key(root, 'configs'),
      "this is what Envoy's admin page /config_dump shows, and no configuration: Envoy does not start with it",
      'name the file with which Envoy is started (--config-path)',
    );
  if (source.key(root, 'apiVersion') !== undefined && source.key(root, 'kind') !== undefined)
    return source.error(
      source.key(root, 'kind'),
      `this is an object of Kubernetes (${textOf(source.get(root, 'kind'))}), and no configuration of Envoy`,
      "save the text of Envoy's configuration as a file of its own, and make the object out of it",
    );
  if (source.key(root, 'admin') !== undefined || source.key(root, 'node') !== undefined)
    return source.error(
      root,
      'this Envoy configuration has no listeners and no clusters, neither its own nor by xDS',
      "write static_resources: {}, if this is meant to be Envoy's own file, and type attache init",
    );
  return source.error(
    root,
    'this is neither an Envoy configuration nor a list of integrations',
    "name Envoy's own file, or begin with integrations:",
  );
}
