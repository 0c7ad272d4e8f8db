import type { KeyObject } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { askInTime, timeAt } from './endpoint-clock.ts';
import { exchange, failureOfAnswer } from './exchange.ts';
import { lifetimeOf } from './lifetime.ts';
import { Token } from './token.ts';
import { readTokenAnswer, type TokenAnswer } from './token-answer.ts';
import { TokenError, type TokenOrigin } from './token-error.ts';

/** How long an assertion is good for, in seconds from the moment to which it is dated: Google's longest. */
const ASSERTION_LIFE = 3_600;

/** How far an assertion is dated back, in seconds: clocks differ. */
const ASSERTION_BACK = 30;

/** A service account's key, as Google's JSON file has it. */
export interface GoogleKey {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly tokenUri: string;
}

/** An access token for these scopes, perhaps in the name of a user; or an ID token for an audience. */
export type GoogleGrant =
  | { readonly scopes: readonly string[]; readonly subject?: string }
  | { readonly audience: string };

/**
 * A token of a Google service account, for a signed assertion (RFC 7523).
 *
 * @throws TokenError
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export async function tokenOfGoogle(
  origin: TokenOrigin,
  account: GoogleKey,
  grant: GoogleGrant,
  signal: AbortSignal,
): Promise<Token> {
  let sent = '';
  const response = await askInTime(origin.endpoint, async () => {
    sent = await assertion(origin, account, grant);
    return exchange(origin, account.tokenUri, {
      method: 'POST',
      signal,
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: sent }),
    });
  });
  const answer = readTokenAnswer(await response.text());
  const hasToken = answer.accessToken !== undefined || answer.idToken !== undefined;
  if (!response.ok || !hasToken) throw failureOfAnswer(origin, response, answer, [sent]);
  return tokenOf(origin, grant, answer);
}

function assertion(
  { endpoint }: TokenOrigin,
  { email, key, keyId, tokenUri }: GoogleKey,
  grant: GoogleGrant,
): Promise<string> {
  const wish =
    'audience' in grant
      ? { target_audience: grant.audience }
      : { scope: grant.scopes.join(' '), ...(grant.subject === undefined ? {} : { sub: grant.subject }) };
  const datedTo = Math.floor(timeAt(endpoint) / 1_000) - ASSERTION_BACK;
  return new SignJWT(wish)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(email)
    .setAudience(tokenUri)
    .setIssuedAt(datedTo)
    .setExpirationTime(datedTo + ASSERTION_LIFE)
    .sign(key);
}

function tokenOf(origin: TokenOrigin, grant: GoogleGrant, { accessToken, idToken, life }: TokenAnswer): Token {
  const text = 'audience' in grant ? idToken : accessToken;
  // Google answers a scope that it does not know with an ID token alone.
  if (text === undefined) throw new TokenError(origin, 'unusable_token', 'are the scopes right?');
  if (!('audience' in grant)) return new Token(text, lifetimeOf(life));
  try {
    const { exp, iat } = decodeJwt(text);
    return new Token(text, lifetimeOf(exp === undefined || iat === undefined ? undefined : (exp - iat) * 1_000));
  } catch {
    throw new TokenError(origin, 'unusable_token', 'the ID token is no JWT');
  }
}
