import { isMap, isScalar, isSeq, visit } from 'yaml';
import { deriveEnvoyConfig, type EnvoyDocument, pathOfCluster } from '../../local/derive-envoy-config.ts';
import { envoyYaml } from '../../local/stack.ts';
import { redacting } from '../../test/e2e/support/redacting.ts';
import { addRoutes, express } from '../../test/e2e/support/routes.ts';

/** What integrations ask for, besides a key. */
export interface Wishes {
  /** How many there are. */
  readonly integrations: number;
  /** Rules for who may use them. */
  readonly callers: boolean;
  /** Rules for what may be requested. */
  readonly allow: boolean;
  /** Whether responses are searched for the key. */
  readonly redact: boolean;
  /** Where they get an access token by their secret; undefined: the secret is a key. */
  readonly tokenUrl: string | undefined;
}

/** What stands where the shipped file has Attaché's own filter. */
export type Middle = 'attache' | 'lane' | 'credential_injector' | 'nothing' | 'a server that decides nothing';

/** The secret of all of them, in Secrets Manager. */
export const SECRET = 'prod/bench';

/** What programs ask for, host by host, `path` being one that they allow. */
export const PATH = '/v1/customers';

/** The names by which programs know them. */
export function hostsOf({ integrations }: Wishes): string[] {
  return Array.from({ length: integrations }, (_, index) => `bench-${index}.int`);
}

/** The names of their destinations, as a certificate has them. */
export const DESTINATIONS = ['*.bench.example.com'];

/** The shipped envoy.yaml with these integrations, and with something in Attaché's place. */
export function envoyFile(
  wishes: Wishes,
  middle: Middle,
  {
    sockets,
    ...destination
  }: { readonly sockets: readonly string[]; readonly upstreamPort: number; readonly upstreamCa: string },
): Promise<string> {
  const isAttaches = middle === 'attache' || middle === 'lane';
  return deriveEnvoyConfig(envoyYaml, {
    ...destination,
    listenerPort: 0,
    adminPort: 0,
    attacheSockets: sockets,
    // Without Attaché nobody gives Envoy its routes.
    written: !isAttaches,
    edit: (document) => {
      const routes = hostsOf(wishes).map((_, index) => route(index, wishes, middle));
      addRoutes(document, ...(middle === 'lane' ? routes.map(express) : routes));
      writeAccessLogNowhere(document);
      if (isAttaches) return;
      // They answer no health checks.
      document.deleteIn([...pathOfCluster(document, 'attache'), 'health_checks']);
      document.deleteIn([...pathOfCluster(document, 'attache_responses'), 'health_checks']);
      if (middle !== 'a server that decides nothing') replaceFilter(document, middle);
    },
  });
}

function route(index: number, { callers, allow, redact, tokenUrl }: Wishes, middle: Middle) {
  const isAttaches = middle === 'attache' || middle === 'lane';
  return {
    name: `bench-${index}`,
    host: `bench-${index}.bench.example.com`,
    attache: {
      integration: `bench-${index}`,
      secret: SECRET,
      ...(tokenUrl === undefined
        ? { bearer: '{{ api_key }}' }
        : { oauth2: { grant: 'client_credentials', token_url: tokenUrl } }),
      ...(callers ? { callers: ['10.0.0.0/8', '192.0.2.0/24', 'spiffe://acme/agents/*', '127.0.0.0/8'] } : {}),
      ...(allow ? { allow: ['GET /v1/invoices/**', 'POST /v1/invoices', 'GET /v1/customers/**', `GET ${PATH}`] } : {}),
      ...(redact ? { redact: true } : {}),
    },
    ...(redact && isAttaches ? { entry: redacting } : {}),
  };
}

/** It is put together and written as it is shipped, but nobody has to read it. */
function writeAccessLogNowhere(document: EnvoyDocument): void {
  visit(document, {
    Pair: (_, { key, value }) => {
      if (!isScalar(key) || key.value !== 'access_log' || !isSeq(value)) return;
      for (const log of value.items) {
        if (!isMap(log)) continue;
        log.setIn(
          ['typed_config', '@type'],
          'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
        );
        log.setIn(['typed_config', 'path'], '/dev/null');
      }
    },
  });
}

function replaceFilter(document: EnvoyDocument, middle: 'credential_injector' | 'nothing'): void {
  const filters = [
    ...pathOfCluster(document, 'internet'),
    'typed_extension_protocol_options',
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    'http_filters',
  ];
  const first = [...filters, 0];
  // It repeats the filter that goes.
  document.deleteIn(pathOfCluster(document, 'internet_express'));
  if (document.getIn([...first, 'name']) !== 'attache')
    throw new Error(`${envoyYaml} has no longer attache as first filter`);
  if (middle === 'nothing') document.deleteIn(first);
  else document.setIn(first, document.createNode(INJECTOR));
  if (middle !== 'credential_injector') return;
  const secret = { name: 'bench', generic_secret: { secret: { inline_string: 'Bearer the-same-for-all-requests' } } };
  document.setIn(['static_resources', 'secrets'], document.createNode([secret]));
}

const INJECTOR = {
  name: 'credential_injector',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector',
    overwrite: true,
    credential: {
      name: 'envoy.http.injected_credentials.generic',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic',
        header: 'authorization',
        credential: { name: 'bench' },
      },
    },
  },
};
