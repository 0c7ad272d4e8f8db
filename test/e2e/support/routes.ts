import { type EnvoyDocument, pathOfCluster, pathOfRoutes } from '../../../local/derive-envoy-config.ts';
import { PUSHED_FILTER } from '../../../src/check/express-filters.ts';
import { expressOverride, pushedBy } from '../../../src/check/express-route.ts';
import { EXPRESS_HEADER } from '../../../src/express/encode-express.ts';
import { parseCatalogue } from '../../../src/integrations/read-catalogue.ts';

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

/** The same with `lane: express`, for an integration of the same name. */
export function express(route: ExtraRoute): ExtraRoute {
  const block = { ...route.attache, lane: 'express' };
  const { catalogue } = parseCatalogue('route', JSON.stringify({ integrations: [{ ...block, host: route.host }] }));
  const [integration] = catalogue;
  if (integration === undefined) throw new Error(`${route.name} cannot take the express lane`);
  return {
    ...route,
    attache: block,
    route: { cluster: 'internet_express', ...route.route },
    entry: {
      request_headers_to_remove: [EXPRESS_HEADER, ...integration.places, ...integration.injector.strips],
      typed_per_filter_config: { [PUSHED_FILTER]: expressOverride(route.name, pushedBy('attache')) },
      ...route.entry,
    },
  };
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
