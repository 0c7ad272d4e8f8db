import { describe, expect, it } from 'vitest';
import { findings, GOOD, placeOf, WHOLE } from './support.ts';

const ON =
  'typed_per_filter_config: { redact: { "@type": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides: {} } }';
const BLOCK = 'basic: { username: "{{ api_key }}" }';
const ROUTE = '    - match: { prefix: / }\n';

/** The repository's configuration with redact for stripe. */
const REDACTING = first(
  first(GOOD, ROUTE, `    - ${ON}\n                match: { prefix: / }\n`),
  BLOCK,
  `${BLOCK}\n                      redact: true`,
);
const WITHOUT = first(GOOD, BLOCK, `${BLOCK}\n                      redact: true`);

/** The filter's own part of the file. */
const FILTER = /- name: redact[\s\S]*?route_cache_action: RETAIN\n/.exec(GOOD)?.[0] ?? '';

function first(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`nothing to edit: ${JSON.stringify(from)} is not there`);
  return text.replace(from, () => to);
}

/** With another setting of the filter. */
const withFilter = (from: string, to: string) => first(REDACTING, FILTER, first(FILTER, from, to));

describe('attache check of what takes secrets out of responses', () => {
  it('finds nothing where it is switched on, on whatever level', async () => {
    const onHost = first(WITHOUT, 'domains: [stripe.int,', `${ON}\n              domains: [stripe.int,`);
    const onAll = first(WITHOUT, 'route_config:\n', `route_config:\n            ${ON}\n`);

    expect(await findings(REDACTING)).toEqual([]);
    expect(await findings(onHost)).toEqual([]);
    // The other two routes ask for nothing of the kind.
    expect(await findings(onAll)).toEqual(
      ['openai', 'anthropic'].map((name) =>
        expect.stringContaining(`warning: the filter redact is on for integration ${name}`),
      ),
    );
  });

  it.each([
    ['a route that does not switch it on', WITHOUT],
    ['a route that switches it off', first(REDACTING, 'overrides: {}', 'disabled: true')],
    [
      'a route that switches it off in a FilterConfig',
      first(
        REDACTING,
        ON,
        'typed_per_filter_config: { redact: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }',
      ),
    ],
    ['a filter that is not shown responses', withFilter('response_header_mode: SEND', 'response_header_mode: SKIP')],
    [
      'a listener without the filter',
      first(
        REDACTING,
        FILTER,
        '- name: cors\n            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors }\n'.replace(
          'typed_config',
          'typed_config',
        ),
      ),
    ],
  ])('refuses %s', async (_, text) => {
    expect(await findings(text)).toEqual([
      expect.stringContaining(
        `${placeOf(text, 'redact: true')}: error: integration stripe has redact: true, but on this route no filter`,
      ),
    ]);
  });

  it('refuses it for a route that only refers to the integration, and for a weighted cluster that switches it off', async () => {
    const block =
      'integration: openai\n                      secret: prod/openai                   # {"api_key": "sk-…"}\n                      bearer: "{{ api_key }}"';
    const referring = first(
      first(REDACTING, block, 'integration: stripe'),
      'host_rewrite_literal: api.openai.com',
      'host_rewrite_literal: api.stripe.com',
    );
    const weighted = first(
      REDACTING,
      'cluster: internet, host',
      'weighted_clusters: { clusters: [{ name: internet, weight: 1 }, { name: internet, weight: 1, typed_per_filter_config: { redact: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } } }] }, host',
    );

    expect(await findings(referring)).toEqual([expect.stringContaining('error: integration stripe has redact: true')]);
    expect(await findings(weighted)).toEqual([expect.stringContaining('error: integration stripe has redact: true')]);
  });

  it.each([
    ['failure_mode_allow: false', 'failure_mode_allow: true', 'error: failure_mode_allow of the filter redact is true'],
    [
      'allow_mode_override: true',
      'observability_mode: true',
      'error: allow_mode_override of the filter redact is false',
    ],
    [
      'allow_mode_override: true',
      'allow_mode_override: true\n              disable_immediate_response: yes',
      'error: disable_immediate_response of the filter redact is true',
    ],
    [
      'allow_mode_override: true',
      'allow_mode_override: true\n              allowed_override_modes: [{ response_body_mode: NONE }]',
      'error: allowed_override_modes of the filter redact',
    ],
    [
      'response_body_mode: NONE',
      'response_body_mode: BUFFERED',
      'error: response_body_mode of the filter redact is BUFFERED',
    ],
    [', response.code_details]', ']', 'error: response_attributes of the filter redact lacks response.code_details'],
    [
      "[\"xds.route_metadata.filter_metadata['attache']['integration']\", ",
      '[',
      'error: response_attributes of the filter redact lacks xds.route_metadata',
    ],
    [
      'untyped: [attache, attache.redact]',
      'untyped: [attache]',
      'error: metadata_options.forwarding_namespaces of the filter redact lacks attache.redact',
    ],
    [
      'forwarding_namespaces: { untyped: [attache, attache.redact] }',
      '',
      'error: metadata_options.forwarding_namespaces of the filter redact lacks attache, attache.redact',
    ],
    [
      'disallow_is_error: true',
      'disallow_is_error: false',
      'error: a header that the filter redact may not change passes',
    ],
    [
      'allow_envoy: true, ',
      '',
      'error: mutation_rules of the filter redact does not let Attaché change x-envoy-anything',
    ],
    [
      'route_cache_action',
      'forward_rules: { allowed_headers: { patterns: [{ exact: ":status" }] } }\n              route_cache_action',
      'error: forward_rules of the filter redact keeps headers',
    ],
  ])('finds %s turned into %s', async (from, to, problem) => {
    const found = await findings(withFilter(from, to));

    expect(found[0]).toContain(problem);
  });

  it('finds that it shares the connections of requests', async () => {
    expect(await findings(withFilter('cluster_name: attache_responses', 'cluster_name: attache'))).toEqual([
      expect.stringContaining('warning: the filter redact calls the cluster that requests wait for too'),
    ]);
  });

  it('finds what the other filter must hand over', async () => {
    const text = first(
      REDACTING,
      'receiving_namespaces: { untyped: [attache, attache.redact] }',
      'receiving_namespaces: { untyped: [attache] }',
    );

    expect(await findings(text)).toEqual([
      expect.stringContaining('error: metadata_options.receiving_namespaces lacks attache.redact'),
    ]);
  });

  it.each(['failure_mode_allow: true', 'processing_mode: { response_header_mode: SKIP }', 'metadata_options: {}'])(
    'finds a route with another %s',
    async (setting) => {
      const found = await findings(first(REDACTING, 'overrides: {}', `overrides: { ${setting} }`));

      expect(found).toEqual([expect.stringContaining('error: this route')]);
    },
  );

  it('warns where it is on for nothing', async () => {
    const text = first(REDACTING, '\n                      redact: true', '');

    expect(await findings(text)).toEqual([
      expect.stringContaining('warning: the filter redact is on for integration stripe, which has no redact: true'),
    ]);
  });

  it('never takes it, or the filter that tells callers what they may use, for the one that adds keys', async () => {
    expect(WHOLE).toContain(`"'discovery'"`);
    const text = first(WHOLE, 'name: attache                    #', 'name: other                      #').replace(
      /(name: other[\s\S]*?)ext_proc\.v3\.ExternalProcessor/,
      '$1ext_authz.v3.ExtAuthz',
    );

    expect(await findings(text)).toEqual(
      Array(3).fill(expect.stringContaining('error: cluster internet has no ext_proc filter that asks Attaché')),
    );
  });
});
