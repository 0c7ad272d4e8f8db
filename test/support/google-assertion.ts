import { compactVerify, decodeJwt, decodeProtectedHeader, importSPKI, type JWTPayload } from 'jose';
import type { MadeKey } from './google-service-account.ts';

/** The longest life of an assertion, in seconds. */
const LONGEST_LIFE = 3_600;

/** A refusal in the words of Google's token endpoint. */
export class GoogleRefusal extends Error {
  readonly error: string;
  readonly status: number;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

/** What an assertion asks for, once it is believed: an access token for scopes, or an ID token for an audience. */
export interface Asked {
  readonly key: MadeKey;
  readonly scopes: readonly string[];
  readonly targetAudience: string | undefined;
}

/**
 * Checks an assertion as Google does, but for the clock: Google takes an `iat` some minutes ahead, this takes none.
 *
 * @throws GoogleRefusal
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export async function verifyAssertion(
  assertion: string | undefined,
  keys: readonly MadeKey[],
  tokenUri: string,
): Promise<Asked> {
  const { claims, keyId } = decoded(assertion ?? '');
  const account = keys.filter(({ file }) => file.client_email === claims.iss);
  if (account.length === 0) throw refused('Invalid grant: account not found');
  const key = await signer(assertion ?? '', account, keyId);
  if (claims.sub !== undefined && claims.sub !== claims.iss) {
    throw new GoogleRefusal(
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method.',
      401,
    );
  }
  checkTimes(claims);
  const scopes = typeof claims.scope === 'string' ? claims.scope.split(' ').filter(Boolean) : [];
  const targetAudience = typeof claims.target_audience === 'string' ? claims.target_audience : undefined;
  if ((scopes.length === 0) === (targetAudience === undefined)) {
    throw new GoogleRefusal('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  }
  if (claims.aud !== tokenUri) throw refused('Invalid JWT: Failed audience check.');
  return { key, scopes, targetAudience };
}

function decoded(assertion: string): { claims: JWTPayload; keyId: string | undefined } {
  try {
    return { claims: decodeJwt(assertion), keyId: decodeProtectedHeader(assertion).kid };
  } catch {
    throw new GoogleRefusal('invalid_request', 'Bad Request');
  }
}

async function signer(assertion: string, account: readonly MadeKey[], keyId: string | undefined): Promise<MadeKey> {
  for (const key of account) {
    if (keyId !== undefined && keyId !== key.file.private_key_id) continue;
    try {
      await compactVerify(assertion, await importSPKI(key.publicKey, 'RS256'), { algorithms: ['RS256'] });
      return key;
    } catch {
      // Another key of the account may have signed it.
    }
  }
  throw refused('Invalid JWT Signature.');
}

function checkTimes({ iat, exp }: JWTPayload): void {
  if (iat === undefined) throw refused('Invalid JWT: iat (issued at) is not set.');
  if (exp === undefined) throw refused('Invalid JWT: exp (expiration time) is not set.');
  const now = Date.now() / 1_000;
  if (iat > now || exp <= now || exp - iat > LONGEST_LIFE) {
    throw refused(
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
        'Check your iat and exp values in the JWT claim.',
    );
  }
}

function refused(description: string): GoogleRefusal {
  return new GoogleRefusal('invalid_grant', description);
}
