import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD, placeOf } from './support.ts';

/** An edit of envoy/envoy.yaml, the one problem that it must bring, and the text in the edited file at which it stands. */
type Case = [name: string, from: string, to: string, problem: string, at: string];

const FILTER = 'name: attache                    #';
/** The connection manager through which requests come. */
const MANAGER =
  '"@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n          stat_prefix: egress';
const ACTION = '{ cluster: internet, host_rewrite_literal: api.stripe.com';
const MODE = '{ request_header_mode: SEND';
const POLICY =
  '{ thresholds: [{ max_connections: 65536, max_pending_requests: 65536, max_requests: 65536, max_retries: 65536 }] }';
const RULES = 'disallow_all: true\n              disallow_is_error: true';

const ROUTES: Case[] = [
  [
    'a cluster that does not exist',
    ACTION,
    ACTION.replace('internet', 'intranet'),
    'error: there is no cluster intranet',
    'intranet',
  ],
  [
    'a filter switched off on the route',
    '    - match: { prefix: / }',
    '    - typed_per_filter_config: { attache: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }\n                match: { prefix: / }',
    'error: the filter attache is off',
    'disabled: true }',
  ],
  [
    'a filter switched off on the virtual host',
    'domains: [stripe.int,',
    'typed_per_filter_config: { attache: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }\n              domains: [stripe.int,',
    'error: the filter attache is off',
    'disabled: true }',
  ],
  [
    'a route that lets requests pass without an answer',
    '    - match: { prefix: / }',
    '    - typed_per_filter_config: { attache: { "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides: { failure_mode_allow: true } } }\n                match: { prefix: / }',
    'error: this route lets requests pass unchanged',
    'true } } }',
  ],
  [
    'a route that lets requests pass, in a FilterConfig',
    '    - match: { prefix: / }',
    '    - typed_per_filter_config: { attache: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, config: { "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides: { failure_mode_allow: TRUE } } } }\n                match: { prefix: / }',
    'error: this route lets requests pass unchanged',
    'TRUE } } } }',
  ],
  [
    'a route that is hidden from Attaché',
    '    - match: { prefix: / }',
    '    - typedPerFilterConfig: { attache: { "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides: { processingMode: { requestHeaderMode: SKIP } } } }\n                match: { prefix: / }',
    'error: this route does not show its requests',
    'SKIP } } }',
  ],
  [
    'a mirror',
    ACTION,
    `${ACTION}, request_mirror_policies: [{ cluster: attache }]`,
    'warning: request_mirror_policies sends copies',
    'request_mirror_policies',
  ],
  [
    'internal redirects',
    ACTION,
    `${ACTION}, internal_redirect_policy: {}`,
    'warning: internal_redirect_policy follows',
    'internal_redirect_policy',
  ],
  [
    'a route without a block',
    '              routes:\n',
    '              routes:\n              - { match: { prefix: /x }, route: { cluster: internet } }\n',
    'warning: this route goes to cluster internet, which asks Attaché, but has no attache block',
    'internet } }',
  ],
];

const FILTERS: Case[] = [
  [
    'failing open',
    'failure_mode_allow: false',
    'failure_mode_allow: true',
    'error: failure_mode_allow lets requests pass',
    'true      # no answer',
  ],
  [
    'failing open, in the words of YAML 1.1',
    'failure_mode_allow: false',
    'failure_mode_allow: !!bool "true"',
    'error: failure_mode_allow lets requests pass',
    '"true"',
  ],
  [
    'only observing',
    'failure_mode_allow: false',
    'observability_mode: true',
    'error: observability_mode ignores',
    'true      # no answer',
  ],
  [
    'refusals that do not count',
    'failure_mode_allow: false',
    'disable_immediate_response: true',
    'error: disable_immediate_response does not let',
    'true      # no answer',
  ],
  ['requests that are not shown', MODE, '{ request_header_mode: SKIP', 'error: request_header_mode is SKIP', 'SKIP'],
  [
    'responses that are shown',
    'response_header_mode: SKIP',
    'response_header_mode: SEND',
    'error: response_header_mode is SEND',
    'SEND, request_body_mode',
  ],
  [
    'responses that are shown by default',
    'response_header_mode: SKIP, ',
    '',
    'error: response_header_mode is not given',
    MODE,
  ],
  [
    'bodies that are shown',
    'request_body_mode: NONE',
    'request_body_mode: STREAMED',
    'error: request_body_mode is STREAMED',
    'STREAMED',
  ],
  [
    'trailers that are shown',
    'request_trailer_mode: SKIP',
    'request_trailer_mode: SEND',
    'error: request_trailer_mode is SEND',
    'SEND, response_trailer_mode',
  ],
  ['no time at all', 'message_timeout: 5s   ', 'message_timeout: 0s   ', 'error: message_timeout is 0', '0s    '],
  [
    'hardly any time',
    'message_timeout: 5s   ',
    'message_timeout: 0.005s  ',
    'warning: message_timeout is 5 ms',
    '0.005s  ',
  ],
  [
    'much too much time',
    'message_timeout: 5s   ',
    'message_timeout: 60s  ',
    'warning: message_timeout has clients wait 60 s',
    '60s  ',
  ],
  [
    'less time than a secret takes',
    'max_message_timeout: 15s',
    'max_message_timeout: 2s',
    'warning: max_message_timeout is shorter than the 5 s',
    '2s   ',
  ],
  ['no time for a secret', 'max_message_timeout: 15s', '', 'warning: max_message_timeout is shorter', FILTER],
  [
    'an expression that is too long for Envoy',
    '      re2.max_program_size.error_level: 10000',
    '      some.other.setting: 1',
    'error: Envoy does not start with a regular expression of',
    '"authorization|proxy-authorization',
  ],
  [
    'no attempt count',
    '            - upstream.request_attempt_count\n',
    '',
    'error: request_attributes lacks upstream.request_attempt_count',
    '- "xds.route_metadata',
  ],
  [
    'an attribute in other quotes',
    `"xds.route_metadata.filter_metadata['attache']['integration']"`,
    `'xds.route_metadata.filter_metadata["attache"]["integration"]'`,
    'error: Attaché knows this attribute only as',
    `'xds`,
  ],
  [
    'an attribute that nobody reads',
    '- upstream.request_attempt_count',
    '- upstream.request_attempt_count\n            - connection.id',
    'warning: Attaché does not use the attribute connection.id',
    'connection.id',
  ],
  [
    'no audit',
    'receiving_namespaces: { untyped: [attache, attache.redact] }, ',
    '',
    'warning: metadata_options.receiving_namespaces lacks attache',
    '{ forwarding_namespaces',
  ],
  [
    'no memory between attempts',
    'forwarding_namespaces: { untyped: [attache, envoy.filters.http.jwt_authn] }',
    'forwarding_namespaces: { untyped: [other] }',
    'warning: metadata_options.forwarding_namespaces lacks attache',
    '{ untyped: [other] }',
  ],
  [
    'a route that is chosen anew',
    'route_cache_action: RETAIN',
    'route_cache_action: CLEAR',
    'warning: route_cache_action: CLEAR',
    'CLEAR',
  ],
  [
    'no word on the route cache',
    'route_cache_action: RETAIN',
    '',
    'warning: Attaché may have Envoy choose a route anew',
    FILTER,
  ],
  [
    'a status that says nothing',
    'status_on_error: { code: ServiceUnavailable }',
    '',
    'warning: clients cannot tell',
    FILTER,
  ],
  [
    'an unknown cluster of Attaché',
    'envoy_grpc: { cluster_name: attache',
    'envoy_grpc: { cluster_name: attach',
    'error: there is no cluster attach',
    'attach, skip',
  ],
  [
    "another client than Envoy's",
    'envoy_grpc: { cluster_name: attache, skip_envoy_headers: true }',
    'google_grpc: { target_uri: "unix:/run/attache/0.sock", stat_prefix: attache }',
    "error: the filter does not call Attaché by Envoy's own gRPC client",
    'google_grpc',
  ],
  [
    'a path that is not shown',
    ', { exact: ":path" }',
    '',
    'error: forward_rules keeps :path from Attaché',
    '{ allowed_headers: { patterns: [{ exact: ":authority"',
  ],
  [
    "the client's credentials shown",
    '{ exact: ":path" }',
    '{ exact: ":path" }, { suffix: IE, ignore_case: true }',
    'warning: Attaché is shown headers that it does not need: cookie',
    '{ allowed_headers: { patterns: [{ exact: ":authority"',
  ],
  [
    'everything shown',
    /forward_rules.*/.exec(GOOD)?.[0] ?? '',
    '',
    'warning: Attaché is shown headers that it does not need: authorization, proxy-authorization, cookie, x-api-key',
    FILTER,
  ],
];

const MUTATIONS: Case[] = [
  [
    'a header too few',
    '|cookie|',
    '|',
    'error: mutation_rules does not let Attaché write cookie',
    '"authorization|proxy',
  ],
  [
    'a refusal that cannot say why',
    '|x-attache-error"',
    '"',
    'error: mutation_rules does not let Attaché write x-attache-error',
    '"authorization|proxy',
  ],
  [
    'a place that an integration writes',
    'headers: { x-api-key: "{{ . }}" }',
    'headers: { x-api-key: "{{ . }}", X-Org: acme }',
    'error: mutation_rules does not let Attaché write x-org',
    '"authorization|proxy',
  ],
  [
    'a wildcard',
    'regex: "authorization|',
    'regex: "x-.*|authorization|',
    'warning: mutation_rules lets Attaché write x-envoy-original-path, x-forwarded-for, x-forwarded-proto, x-anything-at-all',
    '"x-.*',
  ],
  [
    'the host',
    'regex: "authorization|',
    'regex: "host|authorization|',
    'warning: mutation_rules lets Attaché write host',
    '"host|',
  ],
  [
    'all but a few',
    RULES,
    'disallow_is_error: true',
    'warning: mutation_rules lets Attaché write content-length',
    'disallow_is_error',
  ],
  [
    'a silent refusal',
    RULES,
    'disallow_all: true',
    'error: a header that Attaché may not write is left out in silence',
    'disallow_all',
  ],
  [
    'a forbidden header',
    RULES,
    `${RULES}\n              disallow_expression: { regex: "x-.*" }`,
    'error: mutation_rules does not let Attaché write x-api-key, x-apikey',
    '"x-.*"',
  ],
  [
    'no regular expression',
    'regex: "authorization|',
    'regex: "(?=a)authorization|',
    'error: this is no regular expression of RE2',
    '"(?=a)',
  ],
];

const CLUSTERS: Case[] = [
  [
    'no TLS',
    / {4}transport_socket:\n {6}name[\s\S]*?ca-certificates.crt } } }\n/.exec(GOOD)?.[0] ?? '',
    '',
    'error: cluster internet sends keys in plain text',
    'name: internet  ',
  ],
  [
    'a certificate that nobody looks at',
    '{ validation_context: { trusted_ca: { filename: /etc/ssl/certs/ca-certificates.crt } } }',
    '{}',
    'error: the certificate of the destination is not verified',
    '{}\n    typed_extension',
  ],
  [
    'a certificate that nobody vouches for',
    '{ validation_context: { trusted_ca',
    '{ validation_context: { trust_chain_verification: ACCEPT_UNTRUSTED, trusted_ca',
    'error: certificates that nobody vouches for',
    'ACCEPT_UNTRUSTED',
  ],
  [
    'a name that is not verified',
    'auto_san_validation: true',
    'auto_san_validation: false',
    "error: the name in the destination's certificate is not verified",
    '{ auto_sni',
  ],
  [
    'a host that is not told',
    'auto_sni: true, ',
    '',
    'warning: the destination is not told which host is meant',
    '{ auto_san_validation',
  ],
  [
    'a socket that is not TLS',
    'transport_sockets.tls.v3.UpstreamTlsContext',
    'transport_sockets.raw_buffer.v3.RawBuffer',
    'error: this transport socket is not TLS',
    'name: envoy.transport_sockets.tls\n      typed_config:\n        "@type": type.googleapis.com/envoy.extensions.transport_sockets.raw',
  ],
  [
    'filters that end early',
    '- name: envoy.filters.http.upstream_codec\n          typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec }\n',
    '',
    'error: the last filter of cluster internet is not upstream_codec',
    'name: no_trailers',
  ],
  [
    'few retries at a time',
    POLICY,
    '{ thresholds: [{ max_connections: 65536 }] }',
    'warning: cluster internet allows too few retries',
    '{ max_connections: 65536 }',
  ],
  [
    'a budget of retries',
    'max_retries: 65536 }] }\n    transport_socket',
    'retry_budget: {} }] }\n    transport_socket',
    'warning: cluster internet allows too few retries',
    '{} }] }',
  ],
  [
    'no word of how large a body may be to be sent again',
    '                request_body_buffer_limit: 16777216\n                metadata:\n                  filter_metadata:\n                    attache:\n                      integration: openai',
    '                metadata:\n                  filter_metadata:\n                    attache:\n                      integration: openai',
    'warning: a request with a body of more than 1 MiB is not sent again',
    '{ cluster: internet, host_rewrite_literal: api.openai.com',
  ],
  [
    'no retry',
    ', retry_policy: *fresh_secret_on_401 }\n                request_body_buffer_limit: 16777216\n                metadata:\n                  filter_metadata:\n                    attache:\n                      integration: openai',
    ' }\n                request_body_buffer_limit: 16777216\n                metadata:\n                  filter_metadata:\n                    attache:\n                      integration: openai',
    'warning: a request whose key was refused is not sent again',
    '{ cluster: internet, host_rewrite_literal: api.openai.com',
  ],
  [
    'another retry',
    'retriable_status_codes: [401]',
    'retriable_status_codes: [503]',
    'warning: a request whose key was refused is not sent again',
    'retry_on: "retriable-status-codes',
  ],
  [
    'no retry where nothing can have been processed',
    'reset-before-request,',
    '',
    'warning: requests are lost when a destination closes the connection just as it is used',
    '"retriable-status-codes,connect',
  ],
  [
    'retries that cannot be told apart',
    ':set("attache", "answer", status)',
    ':set("mine", "answer", status)',
    'warning: cluster internet does not say how an attempt ended',
    '- name: attache                    #',
  ],
  [
    'attempts side by side',
    'timeout: 0s, retry_policy: *fresh_secret_on_401 }',
    'timeout: 0s, retry_policy: *fresh_secret_on_401, hedge_policy: { hedge_on_per_try_timeout: true } }',
    'error: with attempts side by side, nobody can tell which of their keys a 401 refuses',
    '{ hedge_on_per_try_timeout',
  ],
  [
    'no retry of what may be done twice',
    'key: x-envoy-retry-on',
    'key: x-retry-on',
    'warning: a GET whose connection breaks is not sent again',
    '- name: tunnel  ',
  ],
  [
    'a route that ends calls after 15 s',
    'host_rewrite_literal: api.openai.com, timeout: 0s,',
    'host_rewrite_literal: api.openai.com,',
    'warning: Envoy ends calls of this route after 15 s',
    '{ cluster: internet, host_rewrite_literal: api.openai.com',
  ],
  [
    'no words for a host without a route',
    'local_reply_config:',
    'access_log_options: {}\n          other_reply_config:',
    'warning: what Envoy itself refuses, a host without a route first of all, comes without a code',
    MANAGER,
  ],
  [
    'a listener that ends silent calls after 5 minutes',
    'stream_idle_timeout: 7200s',
    'request_timeout: 0s',
    'warning: Envoy ends a call in which nothing is said for 5 minutes',
    MANAGER,
  ],
  [
    'clients that are refused though nothing is wrong with them',
    'http_protocol_options: { accept_http_10: true, ignore_http_11_upgrade: [{ prefix: TLS }] }',
    'add_user_agent: false',
    'warning: clients that offer TLS on plain HTTP, as Apache HttpClient for Java does, are refused with 403, and clients that speak HTTP/1.0',
    MANAGER,
  ],
  [
    'clients of HTTP/1.0 that are refused',
    'accept_http_10: true, ',
    '',
    'warning: clients that speak HTTP/1.0, as nginx and ab do, are refused with 426',
    '{ ignore_http_11_upgrade',
  ],
  [
    'nothing that bounds what is kept in all',
    'overload_manager:',
    'other_manager:',
    'warning: Envoy keeps up to 16777216 bytes of each request for another attempt, and nothing bounds that in all',
    "# Attaché's one file",
  ],
  [
    'nothing that refuses what is on its way when memory is short',
    'envoy.load_shed_points.http1_server_abort_dispatch',
    'envoy.load_shed_points.tcp_listener_accept',
    'warning: Envoy keeps up to 16777216 bytes of each request for another attempt, and nothing bounds that in all',
    'refresh_interval: 0.1s',
  ],
  [
    'nothing that stops retries',
    '%DYNAMIC_METADATA(attache:final)%',
    '%DYNAMIC_METADATA(other:final)%',
    'warning: cluster internet retries a key that is simply wrong again and again',
    '- name: attache                    #',
  ],
  [
    'no HTTP/2 to Attaché',
    'explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: 30s, timeout: 5s } } }',
    'explicit_http_config: { http_protocol_options: {} }',
    'error: cluster attache does not speak HTTP/2',
    '"@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n        explicit',
  ],
  [
    'no Attaché',
    `- lb_endpoints:
        - endpoint: { address: { pipe: { path: /run/attache/0.sock } } }
        - endpoint: { address: { pipe: { path: /run/attache/1.sock } } }`,
    '  []',
    'error: cluster attache has no endpoint',
    'cluster_name: attache\n      endpoints',
  ],
  [
    'no health check',
    /health_checks: &alive .*/.exec(GOOD)?.[0] ?? '',
    'health_checks: &alive []',
    'warning: Envoy does not notice when an Attaché',
    'name: attache\n    type',
  ],
  [
    'low limits',
    `circuit_breakers: &no_limits ${POLICY}`,
    'circuit_breakers: &no_limits {}',
    'warning: cluster attache refuses requests beyond max_pending_requests, max_requests, max_retries',
    'name: attache\n    type',
  ],
];

const LOGS: Case[] = [
  ...[
    '%REQ(AUTHORIZATION)%',
    '%REQ(authorization):10%',
    '%REQ(X-Nothing?AUTHORIZATION)%',
    '%REQ(COOKIE)%',
    '%REQ(x-api-key?)%',
    "%CEL(request.headers['authorization'])%",
    '%CEL(string(request.headers))%',
    '100%% %REQ_WITHOUT_QUERY(Proxy-Authorization)%',
  ].map(
    (format): Case => [
      `the format ${format}`,
      '"%DURATION%"',
      `"${format}"`,
      `error: ${format.replace('100%% ', '')} prints `,
      `"${format}"`,
    ],
  ),
  ...[
    '%REQ(:PATH)%',
    '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
    '%PATH(WQ)%',
    '%PATH%',
    '%QUERY_PARAM(key)%',
    '%CEL(request.path)%',
  ].map(
    (format): Case => [
      `the format ${format}`,
      '"%DURATION%"',
      `"${format}"`,
      `warning: ${format} prints the query`,
      `"${format}"`,
    ],
  ),
  [
    'an added header',
    'route_config:\n',
    'route_config:\n            response_headers_to_add: [{ header: { key: x-debug, value: "%REQ(AUTHORIZATION)%" } }]\n',
    'error: %REQ(AUTHORIZATION)% prints authorization',
    '"%REQ(AUTHORIZATION)%"',
  ],
  [
    'a written place',
    'headers: { x-api-key: "{{ . }}" }\n',
    'headers: { x-api-key: "{{ . }}" }\n                response_headers_to_add: [{ header: { key: x-debug, value: "%REQ(X-API-KEY)%" } }]\n',
    'error: %REQ(X-API-KEY)% prints x-api-key',
    '"%REQ(X-API-KEY)%"',
  ],
  [
    'the default format',
    /log_format:\n[\s\S]*?"%DURATION%"/.exec(GOOD)?.[0] ?? '',
    '',
    'warning: this access log has no format of its own',
    '"@type": type.googleapis.com/envoy.extensions.access_loggers.stream',
  ],
  [
    "Envoy's admin log",
    'admin: {',
    'admin: { access_log: [{ name: file, typed_config: { "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /dev/stdout } }],',
    'warning: this access log has no format of its own',
    '{ "@type": type.googleapis.com/envoy.extensions.access_loggers.file',
  ],
  [
    'a tag of traces',
    'stat_prefix: egress',
    'stat_prefix: egress\n          tracing: { custom_tags: [{ tag: key, request_header: { name: Authorization } }] }',
    'error: authorization holds a credential',
    'Authorization }',
  ],
  [
    'a tap',
    'http_filters:\n',
    'http_filters:\n          - { name: tap, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.tap.v3.Tap } }\n',
    'error: a tap shows requests',
    '{ "@type": type.googleapis.com/envoy.extensions.filters.http.tap',
  ],
];

const REST: Case[] = [
  [
    'trailers that are passed on',
    'request_trailers_mutations: ',
    'request_trailers_not_mutated: ',
    'warning: cluster internet passes on the trailers',
    '- name: attache                    #',
  ],
  [
    'callers that say who they are',
    'use_remote_address: true',
    'use_remote_address: false',
    'warning: callers can say in X-Forwarded-For',
    'false         #',
  ],
  [
    'a word that is a boolean',
    'normalize_path: true',
    'normalize_path: on',
    'warning: Envoy reads on as a boolean',
    'on\n          common',
  ],
  [
    'a merge key',
    'stat_prefix: egress',
    'stat_prefix: egress\n          <<: { via: x }',
    'error: Envoy does not know merge keys',
    '<<',
  ],
];

describe('attache check', () => {
  it('finds nothing in the configuration of this repository', async () => {
    expect(await findings(GOOD)).toEqual([]);
  });

  it('finds nothing in it with the listener for mTLS switched on', async () => {
    const both = GOOD.replace(/# - name: egress_mtls[\s\S]*?callers\.pem } }\n/, (lines) =>
      lines.replace(/^( *)# /gm, '$1').replace(/^# /, ''),
    );
    expect(both).toContain('\n  - name: egress_mtls');

    expect(await findings(both)).toEqual([]);
  });

  it('finds that a header to which an integration appends is not shown', async () => {
    const block = 'bearer: "{{ api_key }}"';
    const appending = edited(GOOD, block, `${block}\n                      headers: { x-list: { append: a } }`);
    const allowed = edited(appending, '|x-attache-error" }', '|x-attache-error|x-list" }');
    const shown = edited(allowed, '{ exact: ":path" }', '{ exact: ":path" }, { exact: x-list }');

    const [problem, ...others] = await findings(allowed);

    expect([problem, others]).toEqual([
      expect.stringContaining('warning: forward_rules keeps x-list from Attaché'),
      [],
    ]);
    expect(await findings(shown)).toEqual([]);
  });

  it('finds a cluster without the filter, on each route that needs it', async () => {
    const text = edited(GOOD, 'ext_proc.v3.ExternalProcessor', 'ext_authz.v3.ExtAuthz');

    const found = await findings(text);

    expect(found).toEqual(Array(3).fill(expect.stringContaining('error: cluster internet has no ext_proc filter')));
  });

  it.each([...ROUTES, ...FILTERS, ...MUTATIONS, ...CLUSTERS, ...LOGS, ...REST])(
    'finds %s',
    async (_, from, to, problem, at) => {
      const text = edited(GOOD, from, to);

      const found = await findings(text);

      expect(found).toEqual([expect.stringContaining(`${placeOf(text, at)}: ${problem}`)]);
    },
  );
});
