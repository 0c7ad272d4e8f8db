import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml';

/** An envoy.yaml as the `yaml` package edits it, comments and anchors kept. */
export type EnvoyDocument = Document.Parsed;

/** What a machine dictates; everything else stays as the file has it. */
export interface Derivation {
  /** Port of the first listener that has one, on 127.0.0.1; 0 lets Envoy choose. Further listeners always get a free one. */
  readonly listenerPort: number;
  /** Port of Envoy's admin interface on 127.0.0.1; 0 lets Envoy choose. */
  readonly adminPort: number;
  /** Where Attaché listens: paths of Unix sockets. */
  readonly attacheSockets: readonly string[];
  /** Every destination is found on this port of 127.0.0.1. Absent: by DNS, as the file has it. */
  readonly upstreamPort?: number;
  /** The CA that destinations are checked against, a PEM file. Absent: the file's own. */
  readonly upstreamCa?: string;
  /** Used in place of the file's own CA when that file does not exist on this machine. */
  readonly systemCa?: () => Promise<string>;
  /** Writes the routes into the listeners that ask Attaché for them: for an Envoy that runs without it. */
  readonly written?: boolean;
  /** Edits the copy further: extra routes, other filters. */
  readonly edit?: (document: EnvoyDocument) => void;
}

const trustedCa = [
  'transport_socket',
  'typed_config',
  'common_tls_context',
  'validation_context',
  'trusted_ca',
  'filename',
];

/**
 * Makes the copy of an envoy.yaml that can run on this machine. Only these differ: the addresses of the listeners, of the
 * admin interface and of Attaché; where files of `/etc/envoy` are, which is beside the file itself; and, when asked, where the
 * `internet` cluster finds its hosts and whose CA it trusts.
 * TLS, SNI, the check of the certificate's name, filters and routes stay.
 *
 * @param file the path of the envoy.yaml
 * @returns the copy's text
 * @throws Error that names the file when it cannot be read, is no YAML (with line and column), or lacks a listener or
 *   cluster that the stack needs
 */
export async function deriveEnvoyConfig(file: string, changes: Derivation): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new Error(`the Envoy config cannot be read: ${error.message}`, { cause: error });
  });
  const document = parseDocument(text);
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const at = mistake.linePos?.[0];
    throw new Error(`${file}${at === undefined ? '' : `:${at.line}:${at.col}`}: ${mistake.message}`);
  }

  const listeners = document.getIn(['static_resources', 'listeners']);
  if (!isSeq(listeners) || listeners.items.length === 0) {
    throw new Error(`${file} has no static_resources.listeners, so there is nothing to send requests to`);
  }
  let first = true;
  for (const [index, listener] of listeners.items.entries()) {
    if (!isMap(listener) || listener.has('internal_listener') || listener.get('bind_to_port') === false) continue;
    const port = first ? changes.listenerPort : 0;
    first = false;
    document.setIn(['static_resources', 'listeners', index, 'address'], loopback(document, port));
  }
  document.setIn(['admin', 'address'], loopback(document, changes.adminPort));
  visit(document, {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || key.value !== 'filename' || !isScalar(value)) return;
      value.value = String(value.value).replace(/^\/etc\/envoy(?=\/)/, resolve(dirname(file)));
    },
  });

  document.setIn(
    [...pathOfCluster(document, 'attache', file), 'load_assignment', 'endpoints'],
    document.createNode([
      { lb_endpoints: changes.attacheSockets.map((path) => ({ endpoint: { address: { pipe: { path } } } })) },
    ]),
  );

  const internet = pathOfCluster(document, 'internet', file);
  if (changes.upstreamPort !== undefined) {
    // Those that refer to the others come first.
    for (const name of destinationClusters(document).reverse())
      leadTo(document, pathOfCluster(document, name, file), changes.upstreamPort);
  }
  const ca = document.getIn([...internet, ...trustedCa]);
  if (changes.upstreamCa !== undefined) {
    document.setIn([...internet, ...trustedCa], changes.upstreamCa);
  } else if (typeof ca === 'string' && !existsSync(ca) && changes.systemCa !== undefined) {
    document.setIn([...internet, ...trustedCa], await changes.systemCa());
  }

  changes.edit?.(document);
  if (changes.written === true) writeRoutes(document);
  return document.toString({ lineWidth: 0 });
}

/**
 * The path of a cluster in the document, for `getIn` and `setIn`.
 *
 * @param file names the document in the error
 * @throws Error when there is no cluster of this name
 */
export function pathOfCluster(document: EnvoyDocument, name: string, file = 'the Envoy config'): (string | number)[] {
  const clusters = document.getIn(['static_resources', 'clusters']);
  const index = isSeq(clusters) ? clusters.items.findIndex((item) => isMap(item) && item.get('name') === name) : -1;
  if (index < 0) {
    throw new Error(`${file} has no cluster named "${name}" under static_resources.clusters; the local stack needs it`);
  }
  return ['static_resources', 'clusters', index];
}

/** The clusters that find any destination by its name. */
function destinationClusters(document: EnvoyDocument): string[] {
  const clusters = document.getIn(['static_resources', 'clusters']);
  const items = isSeq(clusters) ? clusters.items : [];
  return items.flatMap((item) => (isMap(item) && item.has('cluster_type') ? [String(item.get('name'))] : []));
}

function leadTo(document: EnvoyDocument, cluster: readonly (string | number)[], port: number): void {
  document.deleteIn([...cluster, 'cluster_type']);
  document.setIn([...cluster, 'type'], 'STATIC');
  document.setIn([...cluster, 'lb_policy'], 'ROUND_ROBIN');
  document.setIn(
    [...cluster, 'load_assignment'],
    document.createNode({
      cluster_name: String(document.getIn([...cluster, 'name'])),
      endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(port) } }] }],
    }),
  );
}

/** The path of the `typed_config` of the HTTP connection manager through which requests come, for `getIn` and `setIn`. */
export const pathOfHttp = [...pathOfManager(1)];

/** The path of the routes, which stand in a listener without a port. */
export const pathOfRoutes = [...pathOfManager(0), 'route_config'];

function pathOfManager(listener: number) {
  return ['static_resources', 'listeners', listener, 'filter_chains', 0, 'filters', 0, 'typed_config'];
}

/** Has the listener take its routes from the file when it starts, as before there was Attaché to give them. */
function writeRoutes(document: EnvoyDocument): void {
  const manager = document.getIn(pathOfHttp, true);
  const routes = document.getIn(pathOfRoutes, true);
  const isHeld = document.getIn(['static_resources', 'listeners', 0, 'bind_to_port']) === false;
  if (!isHeld || !isMap(manager) || !isNode(routes)) return;
  manager.delete('rds');
  manager.set('route_config', routes);
  document.deleteIn(['static_resources', 'listeners', 0]);
}

function addressOf(port: number) {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function loopback(document: EnvoyDocument, port: number) {
  return document.createNode(addressOf(port));
}
