import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { timeAt } from '../tokens/endpoint-clock.ts';
import type { Grant } from '../tokens/oauth2.ts';
import { signingAlgorithm } from './client-authentication.ts';
import type { OAuth2Options } from './oauth2-options.ts';
import type { SecretFields } from './secret-fields.ts';

/** How an assertion is dated, in seconds: back, since clocks differ, and how long it is good from then on. */
const DATED_BACK = 30;
const ASSERTION_LIFE = 300;

/** A grant with what belongs to it of the secret. */
export interface SecretGrant extends Grant {
  /** Whether it bears a date. */
  readonly isDated?: boolean;
}

/** What of the secret each grant needs beside the client: for instructions. */
export const GRANT_SHAPES: Readonly<Record<OAuth2Options['grant'], Readonly<Record<string, string>>>> = {
  client_credentials: {},
  refresh_token: { refresh_token: '…' },
  account_credentials: { account_id: '…' },
  jwt_bearer: { private_key: '-----BEGIN PRIVATE KEY-----\n…' },
  token_exchange: { subject_token: '…' },
  password: { username: '…', password: '…' },
};

/**
 * The grant that the options ask for, but for refresh tokens, which have a life of their own.
 *
 * @throws CredentialError when the secret does not hold what that needs.
 * @see https://developers.zoom.us/docs/internal-apps/s2s-oauth/ account_credentials
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.1 jwt_bearer
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.1 token_exchange
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.3 password
 */
export function grantOf(
  options: OAuth2Options,
  fields: SecretFields,
  origin: { readonly secretId: string; readonly endpoint: string },
): SecretGrant {
  switch (options.grant) {
    case 'account_credentials':
      return fixed('account_credentials', { account_id: fields.required('account_id') });
    case 'password':
      return fixed('password', { username: fields.required('username'), password: fields.verbatim('password') });
    case 'token_exchange':
      return fixed('urn:ietf:params:oauth:grant-type:token-exchange', {
        subject_token: fields.required('subject_token'),
        subject_token_type: options.subject_token_type ?? 'urn:ietf:params:oauth:token-type:access_token',
      });
    case 'jwt_bearer':
      return jwtBearer(options, fields, origin);
    default:
      return { type: options.grant };
  }
}

function fixed(type: string, parameters: Readonly<Record<string, string>>): SecretGrant {
  return { type, parameters: async () => parameters };
}

function jwtBearer(
  { assertion: wanted = {}, scopes, token_url: tokenUrl }: OAuth2Options,
  fields: SecretFields,
  { secretId, endpoint }: { readonly secretId: string; readonly endpoint: string },
): SecretGrant {
  const key: KeyObject = fields.privateKey('private_key');
  const keyId = fields.optional('key_id');
  const algorithm = signingAlgorithm(key, secretId);
  const issuer = fields.required('client_id');
  const subject = wanted.subject ?? fields.optional('subject') ?? issuer;
  const claims = { ...wanted.claims, ...(scopes === undefined ? {} : { scope: scopes.join(' ') }) };
  const sign = () => {
    const datedTo = Math.floor(timeAt(endpoint) / 1_000) - DATED_BACK;
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(wanted.audience ?? tokenUrl)
      .setJti(crypto.randomUUID())
      .setIssuedAt(datedTo)
      .setExpirationTime(datedTo + ASSERTION_LIFE)
      .sign(key);
  };
  return {
    type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    parameters: async () => ({ assertion: await sign() }),
    isDated: true,
  };
}
