import { allowInsecureRequests, type ClientAuth, customFetch, genericTokenEndpointRequest } from 'oauth4webapi';
import { askInTime } from './endpoint-clock.ts';
import { exchange, type Fetch, failureOfAnswer } from './exchange.ts';
import { lifetimeOf } from './lifetime.ts';
import { Token } from './token.ts';
import { readTokenAnswer, type TokenAnswer } from './token-answer.ts';
import { TokenError, type TokenOrigin } from './token-error.ts';

/** Parameters that may be repeated by an endpoint, since they are no secret. */
const PUBLIC = new Set(['grant_type', 'client_id', 'scope', 'audience', 'resource', 'client_assertion_type']);

/** A token endpoint and how one is known there. */
export interface OAuthClient {
  readonly origin: TokenOrigin;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly authentication: ClientAuth;
  /** `scope`, `audience`, `resource` and others: what is asked for. */
  readonly parameters: URLSearchParams;
  /** Whether the client, or the grant, is known by something that bears a date. Default false. */
  readonly isDated?: boolean;
  /** How calls are made. Default: `fetch`. */
  readonly fetch?: Fetch;
}

/** By what right a token is asked for. */
export interface Grant {
  /** What stands in `grant_type`. */
  readonly type: string;
  /** The parameters that belong to it, made anew for each call. Absent: none. */
  readonly parameters?: () => Promise<Readonly<Record<string, string>>>;
}

/** An access token as it was given. */
export interface GivenAccess {
  readonly token: string;
  /** In ms. Absent: it was not said. */
  readonly life?: number;
}

/** What came of asking. A refresh token stands in it whatever else may be wrong: it is stored before anything else is judged. */
export interface Given {
  readonly refreshToken?: string;
  /** The access token, or why there is none. */
  readonly access: GivenAccess | TokenError;
  /** The endpoint's own code for that. */
  readonly error?: string;
}

/**
 * Asks a token endpoint (RFC 6749, section 4.4 and 4.5).
 *
 * The request is made by a library for OAuth. The answer is not read by it: it takes 200 alone, asks for JSON and a `token_type`, and
 * refuses the whole for one member that is not to the letter, with the new refresh token that is in it.
 *
 * @throws TokenError when there is no answer at all.
 */
export async function requestToken(client: OAuthClient, grant: Grant, signal: AbortSignal): Promise<Given> {
  const { origin, tokenUrl } = client;
  let secrets: readonly string[] = [];
  const call = async (url: URL | string, init: RequestInit) => {
    secrets = secretsIn(init);
    return exchange(origin, url, init, client.fetch);
  };
  const ask = async () =>
    genericTokenEndpointRequest(
      { issuer: tokenUrl, token_endpoint: tokenUrl },
      { client_id: client.clientId },
      client.authentication,
      grant.type,
      new URLSearchParams([...client.parameters, ...Object.entries((await grant.parameters?.()) ?? {})]),
      { [allowInsecureRequests]: tokenUrl.startsWith('http:'), [customFetch]: call, signal },
    );
  const response = await (client.isDated === true ? askInTime(origin.endpoint, ask) : ask());
  const answer = readTokenAnswer(await response.text());
  const { refreshToken, accessToken } = answer;
  // What a refusal calls by this name is no token: a message about the one that was sent, for example.
  const isGiven =
    refreshToken !== undefined && (accessToken !== undefined || (response.ok && answer.error === undefined));
  return {
    ...(isGiven ? { refreshToken } : {}),
    ...(answer.error === undefined ? {} : { error: answer.error }),
    access: accessOf(origin, response, answer, secrets),
  };
}

function accessOf(
  origin: TokenOrigin,
  response: Response,
  answer: TokenAnswer,
  secrets: readonly string[],
): Given['access'] {
  const { accessToken: token, bound, life } = answer;
  if (!response.ok || token === undefined) return failureOfAnswer(origin, response, answer, secrets);
  if (bound !== undefined)
    return new TokenError(
      origin,
      'unusable_token',
      `a token of the kind ${bound}, which cannot be sent as a bearer token`,
    );
  return { token, ...(life === undefined ? {} : { life }) };
}

/**
 * @param unsaid how long it is taken to live when it does not say, in ms; default: what tokens without a life have.
 * @throws TokenError when none was given.
 */
export function tokenOf({ access }: Pick<Given, 'access'>, unsaid?: number): Token {
  if (access instanceof TokenError) throw access;
  return new Token(access.token, lifetimeOf(access.life ?? unsaid));
}

/** What was sent and nobody may see. */
function secretsIn({ body, headers }: RequestInit): string[] {
  const parameters = [...new URLSearchParams(String(body))].flatMap(([name, value]) =>
    PUBLIC.has(name) ? [] : [value],
  );
  const [, basic = ''] = (new Headers(headers).get('authorization') ?? '').split(' ');
  const password = Buffer.from(basic, 'base64').toString().split(':').slice(1).join(':');
  return [...parameters, basic, password, decoded(password)].filter((it) => it !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
