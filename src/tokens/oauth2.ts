import {
  allowInsecureRequests,
  type ClientAuth,
  clientCredentialsGrantRequest,
  customFetch,
  OperationProcessingError,
  processClientCredentialsResponse,
  processRefreshTokenResponse,
  ResponseBodyError,
  refreshTokenGrantRequest,
  type TokenEndpointResponse,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { exchange, failureOfStatus } from './exchange.ts';
import { TokenError, type TokenOrigin } from './token-error.ts';

/** Error codes of OAuth that may pass by themselves. */
const PASSING = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

/** A token endpoint and how one is known there. */
export interface OAuthClient {
  readonly origin: TokenOrigin;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly authentication: ClientAuth;
  /** `scope`, `audience`, `resource`: what is asked for. */
  readonly parameters: URLSearchParams;
}

/**
 * Asks for an access token by the client's own credentials (RFC 6749, section 4.4), or with a refresh token (section 6).
 *
 * @throws TokenError
 */
export async function requestToken(
  { origin, tokenUrl, clientId, authentication, parameters }: OAuthClient,
  refreshToken: string | undefined,
  signal: AbortSignal,
): Promise<TokenEndpointResponse> {
  const server = { issuer: tokenUrl, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  const options = {
    [allowInsecureRequests]: tokenUrl.startsWith('http:'),
    [customFetch]: async (url: string, init: RequestInit) => withoutIdToken(await exchange(origin, url, init)),
    signal,
  };
  try {
    if (refreshToken === undefined) {
      const response = await clientCredentialsGrantRequest(server, client, authentication, parameters, options);
      return await processClientCredentialsResponse(server, client, response);
    }
    const more = { ...options, additionalParameters: parameters };
    const response = await refreshTokenGrantRequest(server, client, authentication, refreshToken, more);
    return await processRefreshTokenResponse(server, client, response);
  } catch (error) {
    throw failureOf(origin, error);
  }
}

/** Nobody here asks who a user is; and checking it could fail after the refresh token was used up. */
async function withoutIdToken(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const text = await response.text();
  const { status, headers } = response;
  try {
    const { id_token: _, ...answer } = JSON.parse(text) as Record<string, unknown>;
    return Response.json(answer, { status, headers: { 'content-type': 'application/json' } });
  } catch {
    return new Response(text, { status, headers });
  }
}

/** The library's errors hold bodies, and with them tokens: nothing of them is passed on but codes. */
function failureOf(origin: TokenOrigin, error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  if (error instanceof ResponseBodyError) {
    const code = /^[\w.-]{1,60}$/.test(error.error) ? error.error : 'an error';
    if (error.status === 429) return new TokenError(origin, 'endpoint_throttled', code);
    return new TokenError(origin, PASSING.has(code) ? 'endpoint_failed' : 'refused', code);
  }
  if (error instanceof WWWAuthenticateChallengeError) return failureOfStatus(origin, error.response);
  if (error instanceof OperationProcessingError && error.cause instanceof Response)
    return failureOfStatus(origin, error.cause);
  const isOfTheLibrary = error instanceof OperationProcessingError || error instanceof UnsupportedOperationError;
  const detail = isOfTheLibrary ? (error.code ?? error.name) : error instanceof Error ? error.name : 'unknown';
  return new TokenError(origin, 'unusable_token', '', detail);
}
