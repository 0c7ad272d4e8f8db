import { describe, expect, it } from 'vitest';
import { edited, findings, GOOD } from './support.ts';

const OTHER = `  - name: other
    type: STATIC
    load_assignment: { cluster_name: other }
`;

describe('attache check of routes that Attaché gives to Envoy', () => {
  it.each([
    [
      'that stand nowhere',
      'name: egress                   # by',
      'name: other                    # by',
      [
        'warning: these routes stand in a listener without a port, and no other listener asks for them',
        'error: no routes of the name egress stand in this file, so Attaché has none to give',
      ],
    ],
    [
      'that are not waited for',
      'initial_fetch_timeout: 0s',
      'initial_fetch_timeout: 15s',
      ['error: an Envoy that starts before Attaché answers 404'],
    ],
    [
      'that are asked for as no stream of all',
      'api_type: GRPC',
      'api_type: DELTA_GRPC',
      ['error: Attaché gives routes by api_type GRPC alone'],
    ],
    [
      'with a field that there is not',
      'timeout: 0s, retry_policy: *fresh_secret_on_401 }\n                request_body_buffer_limit: 16777216    #',
      'timout: 0s, retry_policy: *fresh_secret_on_401 }\n                request_body_buffer_limit: 16777216    #',
      ['warning: Envoy ends calls of this route after 15 s', 'error: RouteAction of Envoy 1.40 has no field timout'],
    ],
  ])('finds those %s', async (_, from, to, expected) => {
    expect(await findings(edited(GOOD, from, to))).toEqual(
      expected.map((sentence) => expect.stringContaining(sentence)),
    );
  });

  it('lets Envoy open other listeners without Attaché', async () => {
    const other = `  - name: other\n    address: { socket_address: { address: 127.0.0.1, port_value: 9000 } }\n    filter_chains: [{ filters: [{ name: envoy.filters.network.echo, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }] }]\n`;
    const text = edited(GOOD, 'initial_fetch_timeout: 0s', 'initial_fetch_timeout: 5s');

    expect(await findings(text.replace('\n  clusters:\n', `\n${other}\n  clusters:\n`))).toEqual([]);
  });

  it('finds those that are asked for elsewhere', async () => {
    const text = edited(
      edited(GOOD, '                    cluster_name: attache\n', '                    cluster_name: other\n'),
      '  - name: attache_responses',
      `${OTHER}\n  - name: attache_responses`,
    );

    expect(await findings(text)).toEqual([
      expect.stringContaining(
        'error: the routes egress stand in this file, and are asked for elsewhere, from cluster other',
      ),
    ]);
  });

  it('finds those of one name twice', async () => {
    const [, listener = ''] = /( {2}- name: routes [\s\S]*?)(?= {2}- name: egress)/.exec(GOOD) ?? [];
    const second = listener
      .replace(/virtual_hosts:[\s\S]*/, 'virtual_hosts: []\n\n')
      .replace('name: routes ', 'name: more ');
    const text = edited(GOOD, '  - name: egress\n', `${second}  - name: egress\n`);

    expect(await findings(text)).toEqual([
      expect.stringContaining('error: routes of the name egress stand in this file twice'),
    ]);
  });

  it('says nothing of routes that another control plane gives', async () => {
    const text = edited(
      edited(GOOD, '                    cluster_name: attache\n', '                    cluster_name: other\n'),
      '            route_config_name: egress',
      '            route_config_name: of_theirs',
    );

    expect(await findings(text)).toEqual([
      expect.stringContaining('warning: these routes stand in a listener without a port'),
    ]);
  });
});
