import type { IncomingHttpHeaders } from 'node:http';
import { isMap, type YAMLMap } from 'yaml';
import { type EnvoyDocument, pathOfCluster } from '../../../local/derive-envoy-config.ts';
import { type Stack, type StackOptions, startStack } from '../../../local/stack.ts';
import type { EnforcingAws } from '../../support/enforcing-aws.ts';
import { addRoutes, type ExtraRoute } from './routes.ts';

/** Where Attaché's filter stands in a cluster. */
const FILTER = [
  'typed_extension_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'http_filters',
  0,
  'typed_config',
] as const;

/** A route that signs. */
export interface SigningRoute {
  readonly name: string;
  /** Default: the local AWS. Any other is played by the upstream. */
  readonly host?: string;
  /** Default: `aws` for the local AWS, `internet` for all others. */
  readonly cluster?: string;
  /** Default `prod/aws`. */
  readonly secret?: string;
  /** More keys than the Region. */
  readonly sigv4: { readonly service: string } & Readonly<Record<string, unknown>>;
  /** The largest body, in bytes; null for none. Default 4 MiB. */
  readonly limit?: number | null;
}

/** A cluster like `internet`, whose filter differs in these settings; undefined takes one away. */
export interface OtherCluster {
  readonly name: string;
  readonly filter: Readonly<Record<string, unknown>>;
}

/** The access key id by which a request is signed. */
export function keyIdIn(headers: IncomingHttpHeaders): string | undefined {
  return /Credential=([^/,\s]+)/.exec(headers.authorization ?? '')?.[1];
}

/**
 * The whole stack before an AWS that checks signatures: a cluster of its own leads there, without TLS, which the emulator does
 * not have. Every route tries 401 and 403 again.
 */
export function startSigningStack(
  aws: EnforcingAws,
  routes: readonly SigningRoute[],
  { clusters = [], ...options }: StackOptions & { readonly clusters?: readonly OtherCluster[] } = {},
): Promise<Stack> {
  const others = routes.flatMap(({ host }) => (host === undefined ? [] : [host]));
  return startStack({
    ...options,
    aws,
    upstream: { hosts: Object.fromEntries(others.map((host) => [host, keyIdIn])) },
    // The emulator speaks no TLS, and attache check calls that an error.
    routes: 'envoy',
    edit: (document) => {
      letWrite(document);
      addCluster(document, 'aws', (cluster) => {
        cluster.delete('transport_socket');
        cluster.setIn(['load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint', 'address'], {
          socket_address: { address: '127.0.0.1', port_value: Number(new URL(aws.endpoint).port) },
        });
        const http = FILTER.slice(0, 2);
        cluster.deleteIn([...http, 'auto_config']);
        cluster.deleteIn([...http, 'upstream_http_protocol_options']);
        cluster.setIn([...http, 'explicit_http_config'], { http_protocol_options: {} });
      });
      for (const { name, filter } of clusters) {
        addCluster(document, name, (cluster) => {
          for (const [key, value] of Object.entries(filter)) {
            if (value === undefined) cluster.deleteIn([...FILTER, key]);
            else cluster.setIn([...FILTER, key], value);
          }
        });
      }
      addRoutes(document, ...routes.map((route) => extraRoute(aws, route)));
    },
  });
}

function extraRoute(
  aws: EnforcingAws,
  { name, host, cluster, secret, sigv4, limit = 4_194_304 }: SigningRoute,
): ExtraRoute {
  return {
    name,
    host: host ?? aws.authority,
    route: {
      cluster: cluster ?? (host === undefined ? 'aws' : 'internet'),
      retry_policy: {
        retry_on: 'retriable-status-codes',
        retriable_status_codes: [401, 403],
        num_retries: 2,
        retry_back_off: { base_interval: '0.001s', max_interval: '0.001s' },
      },
    },
    attache: { integration: name, secret: secret ?? 'prod/aws', aws_sigv4: { region: aws.region, ...sigv4 } },
    ...(limit === null ? {} : { entry: bodyLimit(limit) }),
  };
}

function bodyLimit(bytes: number): Record<string, unknown> {
  const type = 'type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute';
  return {
    request_body_buffer_limit: bytes,
    typed_per_filter_config: { whole_body: { '@type': type, buffer: { max_request_bytes: bytes } } },
  };
}

/** Lets Attaché write the headers of a signature. */
function letWrite(document: EnvoyDocument): void {
  const regex = [...pathOfCluster(document, 'internet'), ...FILTER, 'mutation_rules', 'allow_expression', 'regex'];
  const headers = 'x-amz-date|x-amz-content-sha256|x-amz-security-token|x-amz-s3session-token|x-amz-region-set';
  document.setIn(regex, `${document.getIn(regex)}|${headers}`);
}

function addCluster(document: EnvoyDocument, name: string, edit: (cluster: YAMLMap) => void): void {
  const internet = document.getIn(pathOfCluster(document, 'internet'));
  if (!isMap(internet)) throw new Error('the cluster internet is no map');
  const copy = document.createNode(internet.toJS(document)) as unknown as YAMLMap;
  copy.set('name', name);
  copy.setIn(['load_assignment', 'cluster_name'], name);
  edit(copy);
  document.addIn(['static_resources', 'clusters'], copy);
}
