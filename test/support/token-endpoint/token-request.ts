import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { decodeProtectedHeader } from 'jose';

/** How a client proved who it is, in the words of OAuth's registry of authentication methods. */
export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** A request to a token endpoint. It holds secrets: it stays in memory and is never printed. */
export interface TokenRequest {
  readonly at: Date;
  readonly grantType: string | undefined;
  readonly clientId: string | undefined;
  readonly authentication: ClientAuthentication;
  /** `alg` of the client assertion or of the assertion that is the grant. */
  readonly algorithm: string | undefined;
  readonly scope: string | undefined;
  /** Resource indicators (RFC 8707), each in a parameter of its own. */
  readonly resources: readonly string[];
  readonly audience: string | undefined;
  readonly refreshToken: string | undefined;
  /** Every parameter of the body. */
  readonly parameters: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** What a token request was answered with. It holds tokens: it stays in memory and is never printed. */
export interface TokenAnswer {
  readonly at: Date;
  readonly request: TokenRequest;
  readonly status: number;
  /** The JSON that went out; empty when it was none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** False when the connection was cut, so that the client never saw it. */
  readonly delivered: boolean;
}

/** Reads what a request to a token endpoint asks for. */
export function readTokenRequest(incoming: IncomingMessage, body: Buffer): TokenRequest {
  const parameters = new URLSearchParams(body.toString());
  const text = (name: string) => parameters.get(name) ?? undefined;
  const [scheme, credentials = ''] = (incoming.headers.authorization ?? '').split(' ');
  const basic = scheme?.toLowerCase() === 'basic';
  const assertion = text('client_assertion') ?? text('assertion');
  return {
    at: new Date(),
    grantType: text('grant_type'),
    clientId: basic ? decodedUser(credentials) : text('client_id'),
    authentication: basic
      ? 'client_secret_basic'
      : parameters.has('client_secret')
        ? 'client_secret_post'
        : parameters.has('client_assertion')
          ? 'private_key_jwt'
          : 'none',
    algorithm: assertion === undefined ? undefined : algorithmOf(assertion),
    scope: text('scope'),
    resources: parameters.getAll('resource'),
    audience: text('audience'),
    refreshToken: text('refresh_token'),
    parameters,
    headers: incoming.headers,
  };
}

function decodedUser(credentials: string): string | undefined {
  const [user] = Buffer.from(credentials, 'base64').toString().split(':');
  return new URLSearchParams(`user=${user}`).get('user') ?? undefined;
}

function algorithmOf(jwt: string): string | undefined {
  try {
    return decodeProtectedHeader(jwt).alg;
  } catch {
    return undefined;
  }
}
