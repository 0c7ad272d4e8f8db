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
    [customFetch]: async (url: string, init: RequestInit) => toRead(await exchange(origin, url, init)),
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

/** Takes away what would keep the library from reading what matters. */
async function toRead(response: Response): Promise<Response> {
  const { status, headers } = response;
  if (status !== 200) {
    // It looks no further than a challenge, and the reason of the refusal stands in the body (RFC 6749, section 5.2).
    headers.delete('www-authenticate');
    return response;
  }
  const text = await response.text();
  try {
    // Nobody here asks who a user is; and checking it could fail after the refresh token was used up.
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
  if (error instanceof OperationProcessingError && error.cause instanceof Response)
    return failureOfStatus(origin, error.cause);
  const isOfTheLibrary = error instanceof OperationProcessingError || error instanceof UnsupportedOperationError;
  const detail = isOfTheLibrary ? (error.code ?? error.name) : error instanceof Error ? error.name : 'unknown';
  return new TokenError(origin, 'unusable_token', missingIn(error), detail);
}

/** Which member an answer lacks. */
function missingIn(error: unknown): string {
  const { body } = ((error as Error).cause ?? {}) as { readonly body?: Readonly<Record<string, unknown>> };
  const member = body && ['access_token', 'token_type'].find((name) => typeof body[name] !== 'string');
  return member === undefined ? '' : `an answer without ${member}`;
}
