import { randomBytes, randomUUID } from 'node:crypto';
import { generateKeyPair, SignJWT } from 'jose';
import { type Asked, GoogleRefusal, verifyAssertion } from './google-assertion.ts';
import { type MadeKey, makeServiceAccountKey, type ServiceAccountKey } from './google-service-account.ts';
import { type PlainAnswer, startTokenFront, type TokenFront } from './token-endpoint/token-front.ts';
import { readTokenRequest } from './token-endpoint/token-request.ts';

/** What a token is good for: one of scopes and audience. */
export interface GoogleToken {
  readonly kind: 'access_token' | 'id_token';
  readonly email: string;
  /** Empty for an ID token. */
  readonly scopes: readonly string[];
  /** Undefined for an access token. */
  readonly audience: string | undefined;
  readonly expiresAt: Date;
}

/** A stand-in for https://oauth2.googleapis.com/token that believes only assertions signed by a known key. */
export interface GoogleTokenEndpoint extends TokenFront {
  /** Seconds that tokens live which are issued from now on; 3600 unless set. */
  lifeSeconds: number;
  /** Makes a key for a service account, a further one if the account has one. */
  createKey(account?: string): Promise<ServiceAccountKey>;
  /** From now on assertions signed by this key are refused. */
  deleteKey(key: ServiceAccountKey): void;
  /** What a token allows; undefined when it is not good now. */
  activeToken(token: string): GoogleToken | undefined;
  /** Takes back every token issued so far. */
  revokeAll(): void;
}

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * Starts one on 127.0.0.1. For `scope` it answers `access_token`, `expires_in` and `token_type`; for `target_audience`
 * nothing but `id_token`.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 */
export async function startGoogleTokenEndpoint(): Promise<GoogleTokenEndpoint> {
  const keys = new Map<string, MadeKey>();
  const tokens = new Map<string, GoogleToken>();
  const own = await generateKeyPair('RS256');

  const issue = async ({ key, scopes, targetAudience: audience }: Asked): Promise<object> => {
    const { client_email: email, client_id: account } = key.file;
    const now = Math.floor(Date.now() / 1_000);
    const expiresAt = new Date((now + endpoint.lifeSeconds) * 1_000);
    if (audience === undefined) {
      const token = `ya29.c.${randomBytes(96).toString('base64url')}`;
      tokens.set(token, { kind: 'access_token', email, scopes, audience, expiresAt });
      return { access_token: token, expires_in: endpoint.lifeSeconds, token_type: 'Bearer' };
    }
    const token = await new SignJWT({ email, email_verified: true, azp: email })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'google' })
      .setIssuer('https://accounts.google.com')
      .setSubject(account)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(expiresAt)
      .sign(own.privateKey);
    tokens.set(token, { kind: 'id_token', email, scopes: [], audience, expiresAt });
    return { id_token: token };
  };

  const front = await startTokenFront(async (incoming, body) => {
    try {
      const { grantType, parameters } = readTokenRequest(incoming, body);
      if (grantType !== GRANT) throw new GoogleRefusal('unsupported_grant_type', `Invalid grant_type: ${grantType}`);
      const assertion = parameters.get('assertion') ?? undefined;
      return json(200, await issue(await verifyAssertion(assertion, [...keys.values()], front.tokenUrl)));
    } catch (error) {
      if (!(error instanceof GoogleRefusal)) throw error;
      return json(error.status, { error: error.error, error_description: error.message });
    }
  });

  const endpoint: GoogleTokenEndpoint = Object.assign(front, {
    lifeSeconds: 3_600,
    createKey: async (account = 'robot') => {
      const made = await makeServiceAccountKey(account, front.tokenUrl);
      keys.set(made.file.private_key_id, made);
      return made.file;
    },
    deleteKey: (key: ServiceAccountKey) => {
      keys.delete(key.private_key_id);
    },
    activeToken: (token: string) => {
      const found = tokens.get(token);
      return found !== undefined && found.expiresAt.getTime() > Date.now() ? found : undefined;
    },
    revokeAll: () => tokens.clear(),
  });
  return endpoint;
}

function json(status: number, body: object): PlainAnswer {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(body) };
}
