import type { Node, YAMLMap } from 'yaml';
import { JWT_NAMESPACE, PAYLOAD_KEY } from '../callers/claim.ts';
import { isA } from '../integrations/envoy-filters.ts';
import type { Integration } from '../integrations/integration.ts';
import { connectionManagers, routeConfigOf } from '../integrations/live-routes.ts';
import type { Problem } from '../integrations/problem.ts';
import { booleanOf, numberOf, textOf } from '../integrations/yaml-values.ts';
import type { AttacheFilter } from './attache-filter.ts';
import type { Configuration } from './configuration.ts';
import { trustedProxyProtocols } from './tunnels-rule.ts';

/** What a validation context must have one of, for a client certificate to say anything. */
const VALIDATIONS = [
  ['validation_context', 'trusted_ca'],
  ['validation_context', 'ca_certificate_provider_instance'],
  ['validation_context', 'custom_validator_config'],
  ['validation_context_sds_secret_config'],
  ['combined_validation_context'],
  ['validation_context_certificate_provider'],
  ['validation_context_certificate_provider_instance'],
];

/** Whether callers are who they seem to be: by address, by certificate, and by token on a listener. */
export function* checkCallers(configuration: Configuration): Generator<Problem> {
  const { maps, source } = configuration;
  const kinds = kindsOf(configuration);
  const managers = connectionManagers(source, maps);
  for (const manager of managers.filter((it) => mayHaveIntegrations(configuration, it))) {
    yield* peer(configuration, manager, kinds.address);
  }
  if (kinds.address) {
    const trusted = trustedProxyProtocols(source);
    for (const map of maps.filter((it) => isA(source, it, 'listener.proxy_protocol.v3.ProxyProtocol'))) {
      if (!trusted.has(map)) yield believes(configuration, map, 'whoever connects says in a PROXY line');
    }
  }
  if (kinds.certificate) yield* certificates(configuration);
  if (kinds.token) yield* payloads(configuration);
}

/** Whether the claims of verified tokens reach Attaché. */
export function* checkClaims(
  { source }: Configuration,
  { config, item }: AttacheFilter,
  integrations: readonly Integration[],
): Generator<Problem> {
  if (!integrations.some(({ callers }) => callers.rules.some(isClaim))) return;
  const forwarded = source.get(config, 'metadata_options', 'forwarding_namespaces', 'untyped');
  if (source.items(forwarded).some((node) => textOf(node) === JWT_NAMESPACE)) return;
  yield source.error(
    forwarded ?? source.get(config, 'metadata_options') ?? item,
    `metadata_options.forwarding_namespaces lacks ${JWT_NAMESPACE}, so Attaché sees no claim and refuses the callers that are known by one`,
    `write forwarding_namespaces: { untyped: [attache, ${JWT_NAMESPACE}] }`,
  );
}

/** False for a listener all of whose routes stand here and have no integration, while others have. */
function mayHaveIntegrations({ source, routes }: Configuration, manager: YAMLMap): boolean {
  const asking = routes.filter(({ block }) => block !== undefined);
  const routeConfig = routeConfigOf(source, manager);
  if (asking.length === 0 || routeConfig === undefined || source.get(routeConfig, 'vhds') !== undefined) return true;
  return asking.some((route) => route.routeConfig === routeConfig);
}

function kindsOf({ source, catalogue }: Configuration) {
  const rules = [...catalogue].flatMap(({ callers }) => callers.rules);
  const tags = source
    .pairs(source.get(source.root, 'node', 'metadata', 'attache', 'tags'))
    .flatMap(({ value }) => source.items(value).map((node) => textOf(node) ?? ''));
  const inTags = rules.some(isTag) ? tags : [];
  return {
    address: rules.some((rule) => !isSpiffe(rule) && !isClaim(rule)),
    certificate: [...rules, ...inTags].some(isSpiffe),
    token: [...rules, ...inTags].some(isClaim),
  };
}

function* peer(configuration: Configuration, manager: YAMLMap, matters: boolean): Generator<Problem> {
  const { source } = configuration;
  const own = source.get(manager, 'use_remote_address');
  if (booleanOf(own) !== true) {
    const mend = 'write use_remote_address: true';
    yield matters
      ? source.error(
          own ?? manager,
          'callers are known by an address that anybody can write into X-Forwarded-For',
          mend,
        )
      : source.warning(own ?? manager, 'callers can say in X-Forwarded-For who they are', mend);
  }
  if (!matters) return;
  const hops = source.get(manager, 'xff_num_trusted_hops');
  if ((numberOf(hops) ?? 0) > 0) {
    yield believes(configuration, hops, `address ${textOf(hops)} from the end of X-Forwarded-For says`);
  }
  for (const extension of source.items(source.get(manager, 'original_ip_detection_extensions'))) {
    yield believes(configuration, extension, `the extension ${textOf(source.get(extension, 'name')) ?? ''} says`);
  }
}

/** A warning, since it is right where only a proxy of one's own can connect. */
function believes({ source }: Configuration, node: Node | undefined, who: string): Problem {
  return source.warning(
    node,
    `${who} who the caller is, and Attaché believes it`,
    'let nobody but that proxy reach the listener, and have %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% in the access log; else take it out',
  );
}

function* certificates({ source, maps }: Configuration): Generator<Problem> {
  const contexts = maps.filter((map) => isA(source, map, 'DownstreamTlsContext'));
  let verifies = false;
  for (const context of contexts) {
    const common = source.get(context, 'common_tls_context');
    for (const path of [['validation_context'], ['combined_validation_context', 'default_validation_context']]) {
      const trust = source.get(common, ...path, 'trust_chain_verification');
      if (textOf(trust) === 'ACCEPT_UNTRUSTED' || numberOf(trust) === 1) {
        yield source.error(
          trust,
          'callers are known by certificates that anybody can make, because untrusted ones are accepted',
          'take trust_chain_verification out',
        );
      }
    }
    const isVerified = VALIDATIONS.some((path) => source.get(common, ...path) !== undefined);
    verifies ||= isVerified;
    const required = source.get(context, 'require_client_certificate');
    if (!isVerified && booleanOf(required) === true) {
      yield source.error(
        required,
        'client certificates are asked for and not verified, so they say nothing about a caller',
        'write validation_context: { trusted_ca: { filename: … } } in common_tls_context',
      );
      verifies = true;
    }
  }
  const [manager] = connectionManagers(source, maps);
  if (!verifies && manager !== undefined) {
    yield source.warning(
      contexts[0] ?? manager,
      'callers are known by their SPIFFE ID, and no listener of this file verifies client certificates',
      'switch on the listener egress_mtls of envoy/envoy.yaml',
    );
  }
}

function* payloads({ source, maps }: Configuration): Generator<Problem> {
  for (const map of maps.filter((it) => isA(source, it, 'JwtAuthentication'))) {
    const providers = source.get(map, 'providers');
    const given = source.pairs(providers).map(({ value }) => textOf(source.get(value, 'payload_in_metadata')));
    if (given.includes(PAYLOAD_KEY)) continue;
    yield source.error(
      providers ?? map,
      'no provider hands its claims to Attaché, so callers that are known by a claim are refused',
      `write payload_in_metadata: ${PAYLOAD_KEY} at the provider whose tokens count`,
    );
  }
}

function isTag(rule: string): boolean {
  return rule.startsWith('tag:');
}

function isSpiffe(rule: string): boolean {
  return rule.startsWith('spiffe:');
}

function isClaim(rule: string): boolean {
  return rule.startsWith('claim:');
}
