import { describe, expect, it } from 'vitest';
import { edited, findings, placeOf, WHOLE } from './support.ts';

const CLUSTER = '  - name: tunnels                          # into';
const LISTENER = '  - name: tunnels                          # What';
const ROUTE = 'cluster: tunnels, timeout';
const ADDRESS = 'envoy_internal_address: { server_listener_name: tunnels }';
const LISTENER_FILTERS = /\n {4}listener_filters:\n.*\n.*proxy_protocol.*/;
const CALLERS = edited(
  WHOLE,
  'integration: stripe\n',
  'integration: stripe\n                      callers: [10.1.0.0/16]\n',
);

/** The text with a part replaced. */
function replaced(text: string, part: RegExp, by: string): string {
  if (!part.test(text)) throw new Error(`nothing to replace: ${part}`);
  return text.replace(part, by);
}

describe('attache check of tunnels', () => {
  it('believes the PROXY protocol where nobody but Envoy itself can connect', async () => {
    expect(await findings(CALLERS)).toEqual([]);
  });

  it('does not believe it on a listener with a port, though it be the same filter', async () => {
    const filters =
      'listener_filters: &proxy [{ name: p, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol } }]';
    const text = edited(
      replaced(CALLERS, LISTENER_FILTERS, '\n    listener_filters: *proxy'),
      '    tcp_keepalive: &dead_peers',
      `    ${filters}\n    tcp_keepalive: &dead_peers`,
    );

    expect(await findings(text)).toEqual([
      expect.stringContaining('warning: whoever connects says in a PROXY line who the caller is'),
    ]);
  });

  it('warns of a tunnel that leads out of Envoy', async () => {
    const out = [
      edited(WHOLE, ROUTE, 'cluster: internet, timeout'),
      edited(WHOLE, ADDRESS, 'socket_address: { address: example.com, port_value: 80 }'),
    ];

    for (const text of out) {
      expect(await findings(text)).toContainEqual(
        expect.stringMatching(/^\d+:\d+: warning: tunnels lead to cluster (internet|tunnels), past Attaché/),
      );
    }
  });

  it('finds a listener that is not told who asked for the tunnel', async () => {
    const unread = replaced(WHOLE, LISTENER_FILTERS, '');
    const unsent = edited(WHOLE, 'proxy_protocol.v3.ProxyProtocolUpstreamTransport', 'raw_buffer.v3.RawBuffer');

    expect(await findings(unread)).toEqual([
      `${placeOf(unread, LISTENER.slice(4)).replace(/:\d+$/, '')}:5: error: all callers look alike who come through a tunnel: the listener is not told who asked for it`,
    ]);
    expect(await findings(unsent)).toEqual([
      `${placeOf(unsent, CLUSTER.slice(4)).replace(/:\d+$/, '')}:5: error: all callers look alike who come through a tunnel: the listener is not told who asked for it`,
    ]);
  });
});
