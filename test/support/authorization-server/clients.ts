import { randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';

/** A client that has a secret. */
export interface SecretClient {
  readonly id: string;
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  readonly secret: string;
}

/** A client that signs assertions (RFC 7523). */
export interface KeyClient {
  readonly id: string;
  readonly authentication: 'private_key_jwt';
  readonly algorithm: 'RS256' | 'ES256';
  readonly keyId: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
}

/** The clients that the authorization server knows; each may use `client_credentials` and `refresh_token`. */
export interface TestClients {
  readonly basic: SecretClient;
  readonly post: SecretClient;
  readonly rs256: KeyClient;
  readonly es256: KeyClient;
}

export type ClientName = keyof TestClients;

/** A client as its owner holds it, and as the server registers it (RFC 7591). */
export interface Registration<T> {
  readonly client: T;
  readonly metadata: Record<string, unknown>;
}

const makers: { readonly [Name in ClientName]: () => Promise<Registration<TestClients[Name]>> } = {
  basic: async () => secretClient('basic', 'client_secret_basic'),
  post: async () => secretClient('post', 'client_secret_post'),
  rs256: () => keyClient('rs256', 'RS256'),
  es256: () => keyClient('es256', 'ES256'),
};

/** The names of the clients. */
export const clientNames = Object.keys(makers) as readonly ClientName[];

/** Makes a client with a fresh secret or key; its id is always the same. */
export function makeClient<Name extends ClientName>(name: Name): Promise<Registration<TestClients[Name]>> {
  return makers[name]();
}

function secretClient(name: ClientName, authentication: SecretClient['authentication']): Registration<SecretClient> {
  // Signs that HTTP Basic must percent-encode (RFC 6749, section 2.3.1), in the id as well.
  const client = { id: `client:${name}`, authentication, secret: `${randomBytes(18).toString('base64')}:%+&= "~` };
  return { client, metadata: { ...common(client), client_secret: client.secret } };
}

async function keyClient(name: ClientName, algorithm: KeyClient['algorithm']): Promise<Registration<KeyClient>> {
  const keys = await generateKeyPair(algorithm, { extractable: true });
  const client = {
    id: `client-${name}`,
    authentication: 'private_key_jwt',
    algorithm,
    keyId: randomUUID(),
    privateKey: await exportPKCS8(keys.privateKey),
  } as const;
  const key = { ...(await exportJWK(keys.publicKey)), kid: client.keyId, alg: algorithm, use: 'sig' };
  return { client, metadata: { ...common(client), jwks: { keys: [key] } } };
}

function common({ id, authentication }: SecretClient | KeyClient): Record<string, unknown> {
  return {
    client_id: id,
    token_endpoint_auth_method: authentication,
    grant_types: ['client_credentials', 'refresh_token'],
    response_types: [],
    redirect_uris: [],
  };
}
