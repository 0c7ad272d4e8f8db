import { ReadError } from '../cache/read-error.ts';
import { type NewVersion, newVersion } from '../secrets/new-version.ts';
import { parseSecretJson, withMembers } from '../secrets/secret-json.ts';
import { LARGEST_SECRET, type SecretVersion } from '../secrets/secret-version.ts';
import { type Given, type OAuthClient, requestToken } from './oauth2.ts';
import { TokenError } from './token-error.ts';

/**
 * How long an answer is waited for that may hold a new refresh token, in ms. Whoever gives up early loses it; and other processes
 * take the lease for theirs after two minutes.
 */
const ROTATION_DEADLINE = 60_000;

/**
 * How long an access token is taken to live that is stored and does not say, in ms: longer than the time between two writes, so that
 * there is never none. One that ends before is replaced when the destination refuses it.
 */
export const UNSAID_STORED = 30 * 60_000;

/** Codes of connections over which nothing was sent: the refresh token is as good as before. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|.*CERT.*)$/;

/** Error codes that say nothing against the refresh token itself. */
const ABOUT_OTHERS = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
]);

/** What one use of a refresh token has led to. */
export interface Renewed {
  readonly access: Given['access'];
  /** The version that was stored, with the refresh token that replaced the one that was used. Absent: none did. */
  readonly stored?: NewVersion;
  /** The refresh token is used up, and what came in its place cannot be stored. */
  readonly isLost?: boolean;
  /** Why the refresh token may be used up without anybody knowing what came in its place. */
  readonly unanswered?: string | undefined;
}

/**
 * Uses a refresh token. One that comes in its place is stored before anything else of the answer is judged.
 *
 * @param unanswered why it may have been used before without an answer; see {@link Renewed}.
 * @param store settles when it is stored.
 */
export async function renew(
  client: OAuthClient,
  secret: SecretVersion,
  unanswered: string | undefined,
  store: (version: NewVersion, access: Given['access']) => Promise<void>,
): Promise<Renewed> {
  const { given, ...rest } = await useRefreshToken(client, secret, unanswered, AbortSignal.timeout(ROTATION_DEADLINE));
  const { access } = given;
  if (given.refreshToken === undefined) return { access, ...rest };
  const value = withGiven(client, secret, given);
  if (value === undefined) {
    const why = `with the new one the secret is larger than ${LARGEST_SECRET} bytes`;
    return { access: new TokenError(client.origin, 'refresh_token_lost', why), isLost: true };
  }
  const version = newVersion(value, access instanceof TokenError ? secret.id : undefined);
  try {
    await store(version, access);
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    return { access: new TokenError(client.origin, 'not_written_back', error.reason, error.detail) };
  }
  return { access, stored: version };
}

/**
 * The same without storing anything.
 *
 * @returns what was given; the refresh token in it is another one than that which was used.
 */
export async function useRefreshToken(
  client: OAuthClient,
  secret: SecretVersion,
  before: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly given: Given; readonly unanswered?: string | undefined }> {
  const used = refreshTokenIn(secret);
  const grant = { type: 'refresh_token', parameters: async () => ({ refresh_token: used }) };
  try {
    const { refreshToken, ...given } = await requestToken(client, grant, signal);
    const { access } = given;
    if (refreshToken !== undefined) return { given: { ...given, ...(refreshToken === used ? {} : { refreshToken }) } };
    if (!(access instanceof TokenError)) return { given };
    if (access.reason === 'endpoint_failed') return { given, unanswered: before ?? access.detail };
    if (access.reason !== 'refused') return { given, unanswered: before };
    return { given: { ...given, access: refusal(client, given.error, access, before) }, unanswered: before };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const unanswered = before ?? (NEVER_SENT.test(error.detail) ? undefined : error.detail);
    return { given: { access: error }, unanswered };
  }
}

/**
 * What access tokens are asked for, in words that stand beside those that are stored: another integration may ask for others with the
 * same refresh token.
 */
export function askedFor({ tokenUrl, parameters }: Pick<OAuthClient, 'tokenUrl' | 'parameters'>): string {
  const sorted = new URLSearchParams(parameters);
  const scope = sorted.get('scope');
  if (scope !== null) sorted.set('scope', scope.split(' ').sort().join(' '));
  sorted.sort();
  return [tokenUrl, String(sorted)].filter((it) => it !== '').join(' ');
}

/** What a refusal means for whoever has to mend it. */
function refusal(
  { origin }: OAuthClient,
  code: string | undefined,
  refused: TokenError,
  unanswered: string | undefined,
): TokenError {
  if (code !== undefined && ABOUT_OTHERS.has(code)) return refused;
  if (unanswered !== undefined) return new TokenError(origin, 'refresh_token_lost', unanswered, refused.detail);
  const said = `${code ?? 'no reason given'}; if it stays so, authorise anew and store the new refresh token`;
  return new TokenError(origin, 'refused', said, refused.detail);
}

/** The secret was read as an object with this field before, and whoever writes it keeps it. */
function refreshTokenIn(secret: SecretVersion): string {
  const { refresh_token: token } = parseSecretJson(secret.reveal()) as { readonly refresh_token: unknown };
  return String(token).trim();
}

/**
 * The secret with what came in place of its tokens; all else in it stays, digit by digit. The access token is left out where the
 * secret would become too large for AWS with it.
 *
 * @returns undefined when the secret would be too large even so.
 */
function withGiven(client: OAuthClient, secret: SecretVersion, { refreshToken, access }: Given): string | undefined {
  const has = access instanceof TokenError ? undefined : access;
  const expiresAt = new Date(Date.now() + (has?.life ?? UNSAID_STORED)).toISOString();
  const none = { access_token: undefined, access_token_expires_at: undefined, access_token_for: undefined };
  const whole = has && {
    access_token: has.token,
    access_token_expires_at: expiresAt,
    access_token_for: askedFor(client),
  };
  for (const beside of [whole ?? none, none]) {
    const text = withMembers(secret.reveal(), { refresh_token: refreshToken, ...beside });
    if (Buffer.byteLength(text) <= LARGEST_SECRET) return text;
  }
  return undefined;
}
