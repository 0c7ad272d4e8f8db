import type { KeyObject } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { z } from 'zod';
import { exchange, failureOfStatus } from './exchange.ts';
import { lifetimeOf } from './lifetime.ts';
import { Token } from './token.ts';
import { TokenError, type TokenOrigin } from './token-error.ts';

/** How long an assertion is good for, in seconds: Google's longest. */
const ASSERTION_LIFE = 3_600;

const ANSWER = z.object({
  access_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
  id_token: z.string().min(1).optional(),
});

const ERROR = z.object({ error: z.string().regex(/^[\w.-]{1,60}$/) });

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
  const response = await exchange(origin, account.tokenUri, {
    method: 'POST',
    signal,
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertion(account, grant),
    }),
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.status !== 200) {
    const { data } = ERROR.safeParse(body);
    const isVerdict = data !== undefined && response.status < 500 && response.status !== 429;
    throw isVerdict ? new TokenError(origin, 'refused', data.error) : failureOfStatus(origin, response);
  }
  return tokenOf(origin, grant, ANSWER.safeParse(body).data);
}

function assertion({ email, key, keyId, tokenUri }: GoogleKey, grant: GoogleGrant): Promise<string> {
  const wish =
    'audience' in grant
      ? { target_audience: grant.audience }
      : { scope: grant.scopes.join(' '), ...(grant.subject === undefined ? {} : { sub: grant.subject }) };
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT(wish)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(email)
    .setAudience(tokenUri)
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_LIFE)
    .sign(key);
}

function tokenOf(origin: TokenOrigin, grant: GoogleGrant, answer: z.infer<typeof ANSWER> | undefined): Token {
  const text = 'audience' in grant ? answer?.id_token : answer?.access_token;
  // Google answers a scope that it does not know with an ID token alone.
  if (text === undefined) throw new TokenError(origin, 'unusable_token', 'are the scopes right?');
  if (!('audience' in grant)) return new Token(text, lifetimeOf(answer?.expires_in && answer.expires_in * 1_000));
  try {
    const { exp, iat } = decodeJwt(text);
    return new Token(text, lifetimeOf(exp === undefined || iat === undefined ? undefined : (exp - iat) * 1_000));
  } catch {
    throw new TokenError(origin, 'unusable_token', 'the ID token is no JWT');
  }
}
