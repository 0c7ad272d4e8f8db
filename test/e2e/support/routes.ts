import { type EnvoyDocument, pathOfCluster, pathOfRoutes } from '../../../local/derive-envoy-config.ts';

/** A route to add to the derived envoy.yaml, as a virtual host of its own. */
export interface ExtraRoute {
  /** Reached as `<name>.int`. */
  readonly name: string;
  /** The pinned host, `host_rewrite_literal`. Absent: no rewrite. */
  readonly host?: string;
  /** The block `metadata.filter_metadata.attache`. Absent: a route without a binding. */
  readonly attache?: Readonly<Record<string, unknown>>;
  /** More keys of `route`, for example `{ retry_policy: null }`. */
  readonly route?: Readonly<Record<string, unknown>>;
  /** More keys of the route entry itself, for example `request_body_buffer_limit`. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

/** Adds routes in the manner of envoy.yaml's own: everything to the `internet` cluster, a 401 tried again. */
export function addRoutes(document: EnvoyDocument, ...routes: readonly ExtraRoute[]): void {
  for (const extra of routes) {
    document.addIn(
      [...pathOfRoutes, 'virtual_hosts'],
      document.createNode({
        name: extra.name,
        domains: [`${extra.name}.int`],
        routes: [
          {
            match: { prefix: '/' },
            route: {
              cluster: 'internet',
              timeout: '0s',
              retry_policy: {
                retry_on: 'retriable-status-codes,reset-before-request,connect-failure,refused-stream',
                retriable_status_codes: [401],
                num_retries: 3,
                retry_back_off: { base_interval: '0.001s', max_interval: '0.05s' },
              },
              ...(extra.host === undefined ? {} : { host_rewrite_literal: extra.host }),
              ...extra.route,
            },
            ...(extra.attache === undefined ? {} : { metadata: { filter_metadata: { attache: extra.attache } } }),
            ...extra.entry,
          },
        ],
      }),
    );
  }
}

/** Lets Attaché write these headers too. */
export function allowHeaders(document: EnvoyDocument, ...headers: readonly string[]): void {
  const expression = [
    ...pathOfCluster(document, 'internet'),
    'typed_extension_protocol_options',
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    ...['http_filters', 0, 'typed_config', 'mutation_rules', 'allow_expression', 'regex'],
  ];
  document.setIn(expression, [document.getIn(expression), ...headers].join('|'));
}
