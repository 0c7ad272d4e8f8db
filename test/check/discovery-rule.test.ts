import { describe, expect, it } from 'vitest';
import { edited, findings, placeOf, WHOLE } from './support.ts';

const START = WHOLE.indexOf('- name: discovery ');
const END = WHOLE.indexOf('- name: envoy.filters.http.router', START);
const HOST = WHOLE.slice(WHOLE.indexOf('- name: attache  '), WHOLE.indexOf('# ── The integrations'));
const FILTER = WHOLE.slice(START, END);
const ON = /discovery: \{ "@type": .*ExtProcPerRoute, overrides: \{\} \}/.exec(HOST)?.[0] ?? '';

/** The configuration with an edit of the filter for discovery alone. */
function withFilter(from: string, to: string): string {
  return edited(WHOLE, FILTER, edited(FILTER, from, to));
}

/** The same for the virtual host that it is on for. */
function withHost(from: string, to: string): string {
  return edited(WHOLE, HOST, edited(HOST, from, to));
}

describe('attache check, of discovery', () => {
  it('takes its filter for no filter that adds keys', async () => {
    expect(await findings(WHOLE)).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    [
      'is on for every route',
      withFilter('            disabled: true\n', ''),
      'error: the filter discovery is on for every route',
      'name: discovery ',
    ],
    [
      'fails open',
      withFilter('allow: false', 'allow: true'),
      'error: failure_mode_allow lets requests pass',
      'true\n              status_on',
    ],
    [
      'knows no addresses',
      withFilter('              - source.address ', '              # '),
      'error: request_attributes lacks source.address',
      `- "'discovery'"`,
    ],
    [
      'asks for more than it needs',
      withFilter('- source.address ', '- connection.id\n              - source.address '),
      'warning: Attaché does not use the attribute connection.id here',
      'connection.id',
    ],
    [
      'hides what is accepted',
      withFilter(', { exact: accept }', ''),
      'error: forward_rules keeps accept from Attaché',
      '{ allowed_headers: { patterns: [{ exact: ":authority" }, { exact: ":method" }, { exact: ":path" }, { exact: ":scheme" }] }',
    ],
    [
      'may not write a header of its answers',
      withFilter('|content-security-policy', ''),
      'error: mutation_rules does not let Attaché write content-security-policy',
      'content-type|cache-control',
    ],
    [
      'has no time to look a caller up',
      withFilter('max_message_timeout: 15s', 'max_message_timeout: 1s'),
      'warning: max_message_timeout is shorter',
      '1s     #',
    ],
    [
      'is on for a route that forwards',
      withHost('direct_response: { status: 503 }', 'route: { cluster: elsewhere }'),
      'error: the filter discovery is on for a route that leads elsewhere',
      'route: { cluster: elsewhere }',
    ],
    [
      'is on for a route that redirects',
      withHost('direct_response: { status: 503 }', 'redirect: { host_redirect: elsewhere }'),
      'error: the filter discovery is on for a route that leads elsewhere',
      'redirect: {',
    ],
    [
      'would be missed by nobody',
      withHost('status: 503', 'status: 200'),
      'warning: without an answer of Attaché, this looks like one',
      '200 }',
    ],
    [
      'is on for a route with an integration',
      edited(
        WHOLE,
        '                      integration: stripe\n',
        '                      integration: stripe\n',
      ).replace(
        'route: { cluster: internet, host_rewrite_literal: api.stripe.com',
        () =>
          `typed_per_filter_config: { ${ON} }\n                route: { cluster: internet, host_rewrite_literal: api.stripe.com`,
      ),
      'error: the filter discovery is on for a route with an integration',
      'attache:\n                      integration: stripe',
    ],
    [
      'is off where refusals send callers',
      withHost(ON, 'discovery: { "@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true }'),
      'warning: refusals name http://attache.int, and no route',
      'http://attache.int ',
    ],
    [
      'is on under another name than refusals give',
      withHost('[attache.int, attache.int.localhost]', '[other.int]'),
      'warning: refusals name http://attache.int, and no route',
      'http://attache.int ',
    ],
    [
      'is not there although refusals name it',
      edited(WHOLE, HOST, ''),
      'warning: refusals name http://attache.int, and no route',
      'http://attache.int ',
    ],
  ])('finds that it %s', async (_, text, problem, at) => {
    expect(await findings(text)).toContainEqual(expect.stringContaining(`${placeOf(text, at)}: ${problem}`));
  });

  it('accepts it under a wildcard, and without a setting that names it', async () => {
    const wildcard = withHost('[attache.int, attache.int.localhost]', '["*.int"]');
    const unnamed = edited(WHOLE, '    attache:\n      discovery: http://attache.int  ', '    # ');

    expect(await findings(wildcard)).toEqual([]);
    expect(await findings(unnamed)).toEqual([]);
  });

  it('refuses a credential filter that says it is for discovery', async () => {
    const text = edited(WHOLE, '            - "\'allow_mode_override\'"', '            - "\'discovery\'"');

    expect(await findings(text)).toContainEqual(
      expect.stringMatching(/error: (?:cluster internet has no ext_proc filter|request_attributes lacks xds)/),
    );
  });
});
