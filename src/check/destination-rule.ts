import type { Node, YAMLMap } from 'yaml';
import { isA } from '../integrations/envoy-filters.ts';
import type { Problem } from '../integrations/problem.ts';
import type { YamlSource } from '../integrations/yaml-source.ts';
import { booleanOf, textOf } from '../integrations/yaml-values.ts';
import { type Configuration, httpOptions } from './configuration.ts';

/** Whether a secret that goes to this cluster goes over TLS, to a host that has proven its name. */
export function* checkDestination({ source }: Configuration, cluster: YAMLMap): Generator<Problem> {
  const name = textOf(source.get(cluster, 'name'));
  const sockets = [
    source.get(cluster, 'transport_socket'),
    ...source
      .items(source.get(cluster, 'transport_socket_matches'))
      .map((match) => source.get(match, 'transport_socket')),
  ].filter((socket) => socket !== undefined);
  if (sockets.length === 0) {
    yield source.error(
      cluster,
      `cluster ${name} sends keys in plain text`,
      'give it a transport_socket with UpstreamTlsContext',
    );
  }
  for (const socket of sockets) yield* checkSocket(source, cluster, socket);
  const filters = source.items(source.get(httpOptions(source, cluster), 'http_filters'));
  const last = filters.at(-1);
  if (last !== undefined && !isA(source, source.get(last, 'typed_config'), 'UpstreamCodec')) {
    yield source.error(
      last,
      `the last filter of cluster ${name} is not upstream_codec, without which Envoy does not start`,
      'end http_filters with envoy.filters.http.upstream_codec',
    );
  }
}

function* checkSocket(source: YamlSource, cluster: YAMLMap, socket: Node): Generator<Problem> {
  const tls = tlsContext(source, socket);
  if (tls === undefined) {
    yield source.error(
      socket,
      'this transport socket is not TLS, so keys go in plain text',
      'use envoy.transport_sockets.tls with UpstreamTlsContext',
    );
    return;
  }
  const common = source.get(tls, 'common_tls_context');
  const context =
    source.get(common, 'combined_validation_context', 'default_validation_context') ??
    source.get(common, 'validation_context');
  const elsewhere =
    source.get(common, 'validation_context_sds_secret_config') ??
    source.get(common, 'combined_validation_context', 'validation_context_sds_secret_config');
  const trusted = [
    'trusted_ca',
    'system_root_certs',
    'ca_certificate_provider_instance',
    'custom_validator_config',
  ].some((field) => source.get(context, field) !== undefined);
  if (!trusted && elsewhere === undefined) {
    yield source.error(
      common ?? tls,
      'the certificate of the destination is not verified, so keys could go to anyone',
      'write common_tls_context: { validation_context: { trusted_ca: { filename: /etc/ssl/certs/ca-certificates.crt } } }',
    );
  }
  const trust = source.get(context, 'trust_chain_verification');
  if (textOf(trust) === 'ACCEPT_UNTRUSTED' || textOf(trust) === '1') {
    yield source.error(
      trust,
      'certificates that nobody vouches for are accepted, so keys could go to anyone',
      'take trust_chain_verification away',
    );
  }
  yield* checkNames(source, cluster, tls, context);
}

function* checkNames(source: YamlSource, cluster: YAMLMap, tls: Node, context: Node | undefined): Generator<Problem> {
  const options = httpOptions(source, cluster);
  const dynamic = isA(source, source.get(cluster, 'cluster_type', 'typed_config'), 'ClusterConfig');
  // Envoy turns both on for a dynamic forward proxy that has no options of its own.
  if (dynamic && options === undefined) return;
  const http =
    source.get(options, 'upstream_http_protocol_options') ?? source.get(cluster, 'upstream_http_protocol_options');
  const on = (node: unknown, field: string) => booleanOf(source.get(node, field)) === true;
  const names = ['match_typed_subject_alt_names', 'match_subject_alt_names'].some(
    (field) => source.items(source.get(context, field)).length > 0,
  );
  if (!names && !on(http, 'auto_san_validation') && !on(tls, 'auto_sni_san_validation')) {
    yield source.error(
      http ?? options ?? tls,
      "the name in the destination's certificate is not verified, so keys could go to another host",
      'write upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true }',
    );
  }
  if (!on(http, 'auto_sni') && !on(tls, 'auto_host_sni') && source.get(tls, 'sni') === undefined) {
    yield source.warning(
      http ?? options ?? tls,
      'the destination is not told which host is meant (SNI), and may refuse',
      'write upstream_http_protocol_options: { auto_sni: true, auto_san_validation: true }',
    );
  }
}

/** The TLS settings of a transport socket, also of one that another one wraps. */
function tlsContext(source: YamlSource, socket: Node): Node | undefined {
  let config = source.get(socket, 'typed_config');
  while (config !== undefined && !isA(source, config, 'UpstreamTlsContext')) {
    config = source.get(config, 'upstream_tls_context') ?? source.get(config, 'transport_socket', 'typed_config');
    if (config !== undefined && source.get(config, '@type') === undefined) return config;
  }
  return config;
}
