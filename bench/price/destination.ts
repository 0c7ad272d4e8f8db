import { createAuthority } from '../../local/certificates.ts';
import { type Envoy, startEnvoy } from '../../local/envoy.ts';
import type { EnvoyTool } from '../../local/tools.ts';

/** Where all requests end. */
export interface Destination {
  readonly envoy: Envoy;
  readonly port: number;
  /** The certificate of the CA that it shows itself by, in PEM. */
  readonly ca: string;
}

/** Starts an Envoy that answers every request with an authorization by 200 itself, and others by 403, for it costs less than any server in Node. */
export async function startDestination(tool: EnvoyTool, names: readonly string[]): Promise<Destination> {
  const authority = await createAuthority();
  const { certificate, key } = await authority.issue(names);
  const envoy = await startEnvoy({
    tool,
    config: JSON.stringify(configuration(certificate, key)),
    configName: 'envoy.json',
  });
  return { envoy, port: envoy.port, ca: authority.certificate };
}

function configuration(certificate: string, key: string) {
  const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` });
  const anywhere = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  const answer = (status: number, text: string) => ({
    status,
    body: { inline_string: `${JSON.stringify({ text })}\n` },
  });
  const routes = [
    {
      match: { prefix: '/', headers: [{ name: 'authorization', present_match: true }] },
      direct_response: answer(200, 'with an authorization'),
    },
    { match: { prefix: '/' }, direct_response: answer(403, 'without one') },
  ];
  const manager = {
    ...type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'destination',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: type('filters.http.router.v3.Router') }],
  };
  const tls = {
    ...type('transport_sockets.tls.v3.DownstreamTlsContext'),
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificates: [{ certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } }],
    },
  };
  const chain = {
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
    transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: tls },
  };
  return {
    admin: { address: anywhere },
    static_resources: { listeners: [{ name: 'destination', address: anywhere, filter_chains: [chain] }] },
  };
}
