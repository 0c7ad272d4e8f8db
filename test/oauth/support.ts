import { importPKCS8 } from 'jose';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  PrivateKeyJwt,
  processClientCredentialsResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  type TokenEndpointResponse,
} from 'oauth4webapi';
import type { AuthorizationServer } from '../support/authorization-server/authorization-server.ts';
import type { KeyClient, SecretClient } from '../support/authorization-server/clients.ts';

const insecure = { [allowInsecureRequests]: true };

/** How a client of the test server proves who it is. */
export async function authenticationOf(client: SecretClient | KeyClient): Promise<ClientAuth> {
  if ('privateKey' in client) {
    const key = await importPKCS8(client.privateKey, client.algorithm);
    return PrivateKeyJwt({ key, kid: client.keyId });
  }
  const { secret } = client;
  return client.authentication === 'client_secret_basic' ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}

/** Asks for a token by `client_credentials`. */
export async function clientCredentials(
  server: AuthorizationServer,
  client: SecretClient | KeyClient,
  parameters: Record<string, string> = {},
  { issuer = server.issuer, ...options }: { readonly issuer?: string; readonly signal?: AbortSignal } = {},
): Promise<TokenEndpointResponse> {
  const as = { issuer, token_endpoint: server.tokenUrl };
  const oauthClient = { client_id: client.id };
  const response = await clientCredentialsGrantRequest(
    as,
    oauthClient,
    await authenticationOf(client),
    new URLSearchParams(parameters),
    { ...insecure, ...options },
  );
  return processClientCredentialsResponse(as, oauthClient, response);
}

/** Uses a refresh token. */
export async function refresh(
  server: AuthorizationServer,
  client: SecretClient | KeyClient,
  refreshToken: string,
  additionalParameters: Record<string, string> = {},
  issuer = server.issuer,
): Promise<TokenEndpointResponse> {
  const as = { issuer, token_endpoint: server.tokenUrl };
  const oauthClient = { client_id: client.id };
  const response = await refreshTokenGrantRequest(as, oauthClient, await authenticationOf(client), refreshToken, {
    ...insecure,
    additionalParameters,
  });
  return processRefreshTokenResponse(as, oauthClient, response);
}
