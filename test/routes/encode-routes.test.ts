import { fromBinary, type Registry, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { examine } from '../../src/integrations/examine.ts';
import { liveRoutes } from '../../src/integrations/live-routes.ts';
import { envoyMessages } from '../../src/routes/descriptors.ts';
import { encodeRoutes } from '../../src/routes/encode-routes.ts';
import { edited, WHOLE } from '../check/support.ts';

const ROUTES = 'envoy.config.route.v3.RouteConfiguration';
const PER_ROUTE = 'type.googleapis.com/envoy.extensions.filters.http';

function encoded(text: string) {
  const { source, maps } = examine('envoy.yaml', text);
  const [live] = source === undefined ? [] : liveRoutes(source, maps);
  if (source === undefined || live === undefined) throw new Error('there are no live routes');
  return encodeRoutes(source, live.routeConfig);
}

/** What Envoy reads out of the bytes, as protobuf's JSON. */
function decoded(text: string, ...types: string[]) {
  const result = encoded(text);
  if (result.kind === 'faulty') throw new Error(JSON.stringify(result.problems));
  const registry: Registry = envoyMessages([
    ROUTES,
    'envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute',
    ...types,
  ]);
  const message = registry.getMessage(ROUTES);
  if (message === undefined) throw new Error('no such message');
  return toJson(message, fromBinary(message, result.bytes), { registry, useProtoFieldName: true }) as {
    name: string;
    virtual_hosts: { name: string; domains: string[]; routes: Record<string, unknown>[] }[];
  };
}

/** The route of stripe, with something written beside its action. */
const beside = (more: string) =>
  edited(
    WHOLE,
    '    - match: { prefix: / }\n                route: { cluster: internet',
    `    - match: { prefix: / }\n                ${more}\n                route: { cluster: internet`,
  );

describe('the routes of envoy.yaml', () => {
  it('are encoded whole, with what their anchors stand for', () => {
    const { name, virtual_hosts: hosts } = decoded(WHOLE);

    expect(name).toBe('egress');
    expect(hosts.map((host) => host.name)).toEqual(['attache', 'tunnels', 'stripe', 'openai', 'anthropic']);
    expect(hosts[2]?.routes[0]).toEqual({
      match: { prefix: '/' },
      route: {
        cluster: 'internet',
        host_rewrite_literal: 'api.stripe.com',
        timeout: '0s',
        retry_policy: {
          retry_on: 'retriable-status-codes,reset-before-request,connect-failure,refused-stream',
          num_retries: 3,
          retriable_status_codes: [401],
          retry_back_off: { base_interval: '0.001s', max_interval: '0.050s' },
        },
      },
      request_body_buffer_limit: '16777216',
      metadata: {
        filter_metadata: {
          attache: { integration: 'stripe', secret: 'prod/stripe', basic: { username: '{{ api_key }}' } },
        },
      },
    });
    expect(hosts[0]?.routes[0]).toMatchObject({
      typed_per_filter_config: { discovery: { '@type': `${PER_ROUTE}.ext_proc.v3.ExtProcPerRoute`, overrides: {} } },
    });
  });

  it('are read as Envoy reads YAML: words for booleans, and numbers of base eight', () => {
    const text = edited(
      WHOLE,
      'host_rewrite_literal: api.stripe.com',
      'append_x_forwarded_host: yes, max_internal_redirects: 010',
    );
    const [route] = decoded(text).virtual_hosts[2]?.routes ?? [];

    expect(route?.route).toMatchObject({ append_x_forwarded_host: true, max_internal_redirects: 8 });
  });

  it.each([
    ['buffer', 'buffer.v3.BufferPerRoute, buffer: { max_request_bytes: 1000 }'],
    ['cors', 'cors.v3.CorsPolicy, allow_origin_string_match: [{ exact: a }]'],
    [
      'rbac',
      'rbac.v3.RBACPerRoute, rbac: { rules: { policies: { p: { permissions: [{ any: true }], principals: [{ any: true }] } } } }',
    ],
    ['header_mutation', 'header_mutation.v3.HeaderMutationPerRoute, mutations: { request_mutations: [{ remove: a }] }'],
    ['jwt_authn', 'jwt_authn.v3.PerRouteConfig, requirement_name: a'],
    ['lua', 'lua.v3.LuaPerRoute, disabled: true'],
    ['ext_authz', 'ext_authz.v3.ExtAuthzPerRoute, check_settings: { context_extensions: { a: b } }'],
    [
      'local_ratelimit',
      'local_ratelimit.v3.LocalRateLimit, stat_prefix: a, token_bucket: { max_tokens: 1, fill_interval: 1s }',
    ],
    ['fault', 'fault.v3.HTTPFault, abort: { http_status: 503, percentage: { numerator: 1 } }'],
    ['csrf', 'csrf.v3.CsrfPolicy, filter_enabled: { default_value: { numerator: 100 } }'],
    ['compressor', 'compressor.v3.CompressorPerRoute, disabled: true'],
    ['set_metadata', 'set_metadata.v3.Config, metadata_namespace: a, value: { b: c }'],
    [
      'set_filter_state',
      'set_filter_state.v3.Config, on_request_headers: [{ object_key: a, format_string: { text_format_source: { inline_string: b } } }]',
    ],
    ['ratelimit', 'ratelimit.v3.RateLimitPerRoute, vh_rate_limits: INCLUDE'],
    ['stateful_session', 'stateful_session.v3.StatefulSessionPerRoute, disabled: true'],
    ['composite', 'composite.v3.Composite'],
    ['aws_lambda', 'aws_lambda.v3.PerRouteConfig, invoke_config: { arn: a }'],
  ])('may say of the filter %s what Envoy takes', (name, config) => {
    const text = beside(`typed_per_filter_config: { ${name}: { "@type": ${PER_ROUTE}.${config} } }`);

    expect(encoded(text)).toMatchObject({ kind: 'encoded' });
  });

  it.each([
    [
      'a retry predicate',
      'retry_policy: { retry_on: 5xx, retry_host_predicate: [{ name: a, typed_config: { "@type": type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate } }] }',
    ],
    [
      'a path rewriter',
      'path_rewrite_policy: { name: a, typed_config: { "@type": type.googleapis.com/envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig, path_template_rewrite: "/a" } }',
    ],
    [
      'an internal redirect predicate',
      'internal_redirect_policy: { predicates: [{ name: a, typed_config: { "@type": type.googleapis.com/envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig } }] }',
    ],
    [
      'an early data policy',
      'early_data_policy: { name: a, typed_config: { "@type": type.googleapis.com/envoy.extensions.early_data.v3.DefaultEarlyDataPolicy } }',
    ],
    [
      'a typed struct',
      'metadata_match: { typed_filter_metadata: { a: { "@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: b, value: { c: 1 } } } }',
    ],
    [
      'a wrapped value',
      'metadata_match: { typed_filter_metadata: { a: { "@type": type.googleapis.com/google.protobuf.StringValue, value: b } } }',
    ],
  ])('may have %s', (_, action) => {
    const text = edited(
      WHOLE,
      'host_rewrite_literal: api.openai.com',
      `host_rewrite_literal: api.openai.com, ${action}`,
    ).replace(`${action}, timeout: 0s, retry_policy: *fresh_secret_on_401`, `${action}, timeout: 0s`);

    expect(encoded(text)).toMatchObject({ kind: 'encoded' });
  });

  it.each([
    [
      'a field that there is not',
      'timeout: 0s',
      'timout: 0s',
      /RouteAction of Envoy 1\.40 has no field timout; did you mean timeout\?/,
    ],
    ['a duration without a unit', 'timeout: 0s', 'timeout: 10', /timeout is no Duration; write seconds/],
    [
      'a type that there is not',
      'ext_proc.v3.ExtProcPerRoute',
      'ext_proc.v3.ExtProcForRoute',
      /ExtProcForRoute is no message that Attaché knows.*; mend the name, or write the routes into their listener/,
    ],
    [
      'no type',
      '"@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides',
      'overrides',
      /discovery has no @type/,
    ],
    [
      'a text for a number',
      'direct_response: { status: 503 }',
      'direct_response: { status: many }',
      /status is no number that fits/,
    ],
    ['a number for a text', 'domains: [stripe.int,', 'domains: [12,', /domains is no text; write a text, in quotes/],
    [
      'a number of base eight for a text',
      'match: { prefix: / }',
      'match: { prefix: 012 }',
      /Envoy reads prefix as a number of another base/,
    ],
    [
      'a word that is no value',
      'overrides: {}',
      'overrides: { processing_mode: { request_header_mode: SENT } }',
      /request_header_mode is none of the values that there are; write one of DEFAULT, SEND, SKIP/,
    ],
    [
      'fields of which only one may be there',
      'match: { prefix: / }',
      'match: { prefix: /, path: /a }',
      /the fields of match exclude one another/,
    ],
    ['a text for a list', 'domains: ["*.tunnel"]', 'domains: "*.tunnel"', /domains is no list/],
    ['a list for a map', 'overrides: {}', 'overrides: []', /overrides is no map of fields/],
  ])('are encoded not at all when there is %s, and its line is told', (_, from, to, sentence) => {
    const text = edited(WHOLE, from, to);
    const result = encoded(text);
    const line = text.slice(0, text.indexOf(to)).split('\n').length;

    expect(result).toMatchObject({ kind: 'faulty', problems: [{ line, severity: 'error' }] });
    const [problem] = result.kind === 'faulty' ? result.problems : [];
    expect(`${problem?.reason}; ${problem?.mend}`).toMatch(sentence);
  });

  it('do not repeat a value that does not fit', () => {
    const result = encoded(edited(WHOLE, 'direct_response: { status: 503 }', 'direct_response: { status: canary }'));

    expect(JSON.stringify(result)).not.toContain('canary');
  });
});
