import { EXPRESS_HEADER } from '../express/encode-express.ts';

const TYPES = 'type.googleapis.com/envoy.extensions';

/** Where Envoy gets what Attaché pushes, as a route says it. Asked of the cluster that the filter asks. */
export function pushedBy(cluster: string) {
  return {
    resource_api_version: 'V3',
    initial_fetch_timeout: '1s',
    api_config_source: {
      api_type: 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [
        {
          envoy_grpc: {
            cluster_name: cluster,
            retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '1s' } },
          },
        },
      ],
    },
  };
}

/**
 * What a route says about the filter `pushed`, so that its requests carry what Attaché has pushed for an integration.
 *
 * @param source where that comes from.
 */
export function expressOverride(integration: string, source: unknown) {
  const generic = {
    '@type': `${TYPES}.http.injected_credentials.generic.v3.Generic`,
    header: EXPRESS_HEADER,
    credential: { name: integration, sds_config: source },
  };
  const injector = {
    '@type': `${TYPES}.filters.http.credential_injector.v3.CredentialInjector`,
    overwrite: true,
    allow_request_without_credential: true,
    credential: { name: 'generic', typed_config: generic },
  };
  const action = {
    '@type': `${TYPES}.filters.http.composite.v3.ExecuteFilterAction`,
    typed_config: { name: 'inject', typed_config: injector },
  };
  return {
    '@type': `${TYPES}.common.matching.v3.ExtensionWithMatcherPerRoute`,
    xds_matcher: { on_no_match: { action: { name: 'inject', typed_config: action } } },
  };
}
