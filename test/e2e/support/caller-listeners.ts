import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Node, YAMLSeq } from 'yaml';
import { createAuthority } from '../../../local/certificates.ts';
import { type EnvoyDocument, pathOfHttp } from '../../../local/derive-envoy-config.ts';
import { privateFolder } from '../../../local/guard.ts';

/** The issuer whose tokens Attaché reads, and one that Envoy verifies for somebody else. */
export const ISSUER = 'https://login.example';
export const OTHER_ISSUER = 'https://elsewhere.example';

/** A client certificate, and the CA that the listener's own one is of. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Ways into Envoy besides its first listener: over IPv6, and over TLS with a client certificate; and tokens. */
export interface CallerListeners {
  /** Adds the listeners `ipv6` and `mtls`, and the filter jwt_authn before all others. */
  edit(document: EnvoyDocument): void;
  /** A client certificate with these names: DNS names, or URIs. */
  certificate(names: readonly string[]): Promise<ClientIdentity>;
  /** One of a CA that the listener does not trust. */
  strangersCertificate(names: readonly string[]): Promise<ClientIdentity>;
  /** A token, signed by its issuer's key unless told otherwise. */
  token(claims: JWTPayload, options?: TokenOptions): Promise<string>;
}

export interface TokenOptions {
  /** `ISSUER` unless given. */
  readonly issuer?: string;
  /** Seconds from now until it expires; 600 unless given. */
  readonly expiresIn?: number;
  /** Whose key signs it: the issuer's, unless it is `forger`. */
  readonly by?: 'forger';
}

/** Makes a CA, keys and the edits of envoy.yaml that go with them. */
export async function callerListeners(): Promise<CallerListeners> {
  const folder = privateFolder();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return { filename: join(folder, name) };
  };
  const [servers, callers, strangers] = await Promise.all([createAuthority(), createAuthority(), createAuthority()]);
  const server = await servers.issue(['stripe.int']);
  const tls = {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: file('server.pem', server.certificate),
            private_key: file('server.key', server.key),
          },
        ],
        validation_context: { trusted_ca: file('callers.pem', callers.certificate) },
      },
    },
  };
  const keys = {
    [ISSUER]: await generateKeyPair('ES256'),
    [OTHER_ISSUER]: await generateKeyPair('ES256'),
    forger: await generateKeyPair('ES256'),
  };
  const provider = async (issuer: typeof ISSUER | typeof OTHER_ISSUER, payload: string) => ({
    issuer,
    local_jwks: { inline_string: JSON.stringify({ keys: [await exportJWK(keys[issuer].publicKey)] }) },
    payload_in_metadata: payload,
  });
  const jwtAuthn = {
    name: 'envoy.filters.http.jwt_authn',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
      providers: {
        login: await provider(ISSUER, 'attache'),
        elsewhere: await provider(OTHER_ISSUER, 'elsewhere'),
      },
      rules: [
        {
          match: { prefix: '/' },
          requires: {
            requires_any: {
              requirements: [
                { provider_name: 'login' },
                { provider_name: 'elsewhere' },
                // The hardest case: Envoy lets a token that it could not verify pass, and Attaché must not see it.
                { allow_missing_or_failed: {} },
              ],
            },
          },
        },
      ],
    },
  };
  const identity = async (authority: typeof callers, names: readonly string[]): Promise<ClientIdentity> => {
    const { certificate, key } = await authority.issue(names);
    return { cert: certificate, key, ca: servers.certificate };
  };

  return {
    edit: (document) => {
      const filters = [...pathOfHttp, 'http_filters'];
      document.setIn(filters, document.createNode([jwtAuthn, ...plain(document, filters)]));
      // An alias, so that routes which are added later are there too.
      const chain = [...pathOfHttp].slice(0, pathOfHttp.indexOf('filters') + 1);
      const egress = document.createAlias(document.getIn(chain, true) as Node & YAMLSeq);
      const add = (name: string, address: string, more: object) =>
        document.addIn(
          ['static_resources', 'listeners'],
          document.createNode({
            name,
            address: { socket_address: { address, port_value: 0 } },
            filter_chains: [{ filters: egress, ...more }],
          }),
        );
      add('ipv6', '::1', {});
      add('mtls', '127.0.0.1', { transport_socket: tls });
    },
    certificate: (names) => identity(callers, names),
    strangersCertificate: (names) => identity(strangers, names),
    token: (claims, { issuer = ISSUER, expiresIn = 600, by } = {}) => {
      const key = by === undefined ? keys[issuer as keyof typeof keys] : keys[by];
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(issuer)
        .setExpirationTime(Math.floor(Date.now() / 1_000) + expiresIn)
        .sign(key.privateKey);
    },
  };
}

/** A list of the document as plain values, its aliases written out. */
function plain(document: EnvoyDocument, path: readonly (string | number)[]): Record<string, unknown>[] {
  let value: unknown = document.toJS({ maxAliasCount: -1 });
  for (const name of path) value = (value as Record<string | number, unknown>)[name];
  return value as Record<string, unknown>[];
}
