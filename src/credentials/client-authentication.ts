import type { KeyObject } from 'node:crypto';
import { type ClientAuth, ClientSecretPost, modifyAssertion, None, PrivateKeyJwt, TlsClientAuth } from 'oauth4webapi';
import { timeAt } from '../tokens/endpoint-clock.ts';
import type { OAuthClient } from '../tokens/oauth2.ts';
import { fetchWithCertificate } from '../tokens/tls-fetch.ts';
import { CredentialError } from './credential-error.ts';
import type { SecretFields } from './secret-fields.ts';

/** The ways in which a client is known, as they are written. */
export const AUTHENTICATIONS = ['basic', 'body', 'private_key_jwt', 'tls', 'none'] as const;

/** How an assertion is dated, in seconds: back, since clocks differ, and how long it is good from then on. */
const DATED_BACK = 30;
const ASSERTION_LIFE = 120;

/**
 * How a client is known to a token endpoint: by HTTP Basic, in the body, by a signed assertion (RFC 7523), by a certificate
 * (RFC 8705), or by nothing.
 *
 * @param endpoint its host, by whose clock assertions are dated.
 * @throws CredentialError when the secret does not hold what that needs.
 */
export function authenticationOf(
  auth: (typeof AUTHENTICATIONS)[number],
  fields: SecretFields,
  { secretId, endpoint }: { readonly secretId: string; readonly endpoint: string },
): Pick<OAuthClient, 'authentication' | 'isDated' | 'fetch'> {
  switch (auth) {
    case 'basic':
      return { authentication: basic(fields.required('client_secret')) };
    case 'body':
      return { authentication: ClientSecretPost(fields.required('client_secret')) };
    case 'none':
      return { authentication: None() };
    case 'tls': {
      const [certificate, key] = [fields.certificate('certificate'), fields.privateKey('private_key')];
      try {
        return { authentication: TlsClientAuth(), fetch: fetchWithCertificate(certificate, key) };
      } catch {
        throw new CredentialError(
          `secret ${secretId}: the fields certificate and private_key cannot be used together; store the private key of the certificate, which stands first, of at least 2048 bits where it is for RSA`,
        );
      }
    }
    case 'private_key_jwt': {
      const key = fields.privateKey('private_key');
      return { authentication: signedAssertion(key, fields.optional('key_id'), secretId, endpoint), isDated: true };
    }
  }
}

/**
 * HTTP Basic. Of the characters of a form, only those are escaped that must be: many servers do not decode at all what they get
 * (RFC 6749, section 2.3.1), so that they would see `-`, `.`, `_` and `~` as something else.
 */
function basic(secret: string): ClientAuth {
  return (_server, { client_id: id }, _body, headers) => {
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  };
}

function signedAssertion(key: KeyObject, keyId: string | undefined, secretId: string, endpoint: string): ClientAuth {
  // Handed over as it is, since a key in PEM would be a string, which nobody can overwrite.
  const signer = key.toCryptoKey(OF_WEB_CRYPTO[signingAlgorithm(key, secretId)], false, ['sign']);
  return PrivateKeyJwt(keyId === undefined ? signer : { key: signer, kid: keyId }, {
    [modifyAssertion]: (_header: unknown, claims: Record<string, unknown>) => {
      const datedTo = Math.floor(timeAt(endpoint) / 1_000) - DATED_BACK;
      Object.assign(claims, { iat: datedTo, nbf: datedTo, exp: datedTo + ASSERTION_LIFE });
    },
  });
}

/** The algorithms by which keys sign, as Web Crypto names them. */
const OF_WEB_CRYPTO = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521' },
  Ed25519: { name: 'Ed25519' },
} as const;

/**
 * The algorithm by which a key signs.
 *
 * @throws CredentialError for a key of another kind.
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.1
 */
export function signingAlgorithm(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  secretId: string,
): keyof typeof OF_WEB_CRYPTO {
  const curves: Record<string, keyof typeof OF_WEB_CRYPTO> = {
    prime256v1: 'ES256',
    secp384r1: 'ES384',
    secp521r1: 'ES512',
  };
  const algorithms: Record<string, keyof typeof OF_WEB_CRYPTO | undefined> = {
    rsa: 'RS256',
    ed25519: 'Ed25519',
    ec: curves[details?.namedCurve ?? ''],
  };
  const algorithm = algorithms[type ?? ''];
  if (algorithm === undefined)
    throw new CredentialError(
      `secret ${secretId}: the field private_key is of a kind that cannot sign here; store an RSA, P-256, P-384 or Ed25519 key`,
    );
  return algorithm;
}
