import { randomBytes, X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { exportJWK, generateKeyPair, importX509 } from 'jose';
import { type Context, errors, Provider } from 'oidc-provider';
import type { Authority, KeyPair } from '../../../local/certificates.ts';

/** RFC 8693. */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** A client that has a secret, for every grant. */
export const CLIENT = { client_id: 'by-secret', client_secret: 'a-secret-of-the-client' } as const;

/** The account whose tokens may be asked for. */
export const ACCOUNT = 'account-4711';

/** The name in the certificate of the client `by-ca`. */
export const CLIENT_NAME = 'client.example.test';

/** An authorization server (oidc-provider) on TLS that asks for certificates and knows grants that others have. */
export interface TlsAuthorizationServer extends AsyncDisposable {
  readonly tokenUrl: string;
  /** The client for which a token that was given is; undefined when it gave none of the kind. */
  clientOf(token: string): Promise<string | undefined>;
}

/** @param selfSigned the certificate of the client `self-signed`, in PEM. */
export async function startTlsAuthorizationServer(
  authority: Authority,
  certificate: KeyPair,
  selfSigned: string,
): Promise<TlsAuthorizationServer> {
  let handle: ReturnType<Provider['callback']> | undefined;
  const server = createServer(
    {
      cert: certificate.certificate,
      key: certificate.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (incoming, outgoing) => void handle?.(incoming, outgoing),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const common = {
    grant_types: ['client_credentials', 'account_credentials', TOKEN_EXCHANGE],
    response_types: [],
    redirect_uris: [],
  };
  const key = await exportJWK(await importX509(selfSigned, 'ES256', { extractable: true }));
  const x5c = [new X509Certificate(selfSigned).raw.toString('base64')];
  const provider = new Provider(origin, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: [
      { ...CLIENT, ...common },
      {
        client_id: 'by-ca',
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_san_dns: CLIENT_NAME,
        ...common,
      },
      {
        client_id: 'self-signed',
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys: [{ ...key, x5c }] },
        ...common,
      },
    ],
    clientAuthMethods: ['client_secret_basic', 'tls_client_auth', 'self_signed_tls_client_auth'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: (context: Context) => shown(context)?.toString(),
        certificateAuthorized: ({ req }: Context) => (req.socket as TLSSocket).authorized,
        certificateSubjectMatches: (context: Context, property: string, expected: string) =>
          property === 'tls_client_auth_san_dns' && shown(context)?.checkHost(expected) === expected,
      },
    },
  });
  provider.silent = true;
  const give = async (context: Context) => {
    const token = await new provider.ClientCredentials({ client: context.oidc.client }).save();
    context.body = { access_token: token, token_type: 'Bearer', expires_in: 600 };
  };
  provider.registerGrantType(
    'account_credentials',
    async (context) => {
      if (context.oidc.params?.account_id !== ACCOUNT) throw new errors.InvalidGrant('no such account');
      await give(context);
    },
    ['account_id'],
  );
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    async (context) => {
      const { subject_token: token = '', subject_token_type: type } = context.oidc.params ?? {};
      const subject = await provider.ClientCredentials.find(token);
      if (subject === undefined || type !== 'urn:ietf:params:oauth:token-type:access_token')
        throw new errors.InvalidGrant('no such token');
      await give(context);
    },
    ['subject_token', 'subject_token_type'],
  );
  handle = provider.callback();
  return {
    tokenUrl: `${origin}/token`,
    clientOf: async (token) => (await provider.ClientCredentials.find(token))?.clientId,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function shown({ req }: Context): X509Certificate | undefined {
  return (req.socket as TLSSocket).getPeerX509Certificate();
}
