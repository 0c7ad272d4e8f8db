import type { KeyObject } from 'node:crypto';
import { importPKCS8 } from 'jose';
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt } from 'oauth4webapi';
import { z } from 'zod';
import type { SecretVersion } from '../secrets/secret-version.ts';
import { type OAuthClient, requestToken } from '../tokens/oauth2.ts';
import { RefreshToken, tokenOf } from '../tokens/refresh-token.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import { bearerField } from './bearer.ts';
import { CredentialError } from './credential-error.ts';
import { endpointUrl } from './endpoint-url.ts';
import type { CredentialKind, TokenStep } from './kind.ts';
import { perToken } from './per-token.ts';
import { SecretFields } from './secret-fields.ts';
import { secretText } from './secret-text.ts';

const words = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'is no scope: one word each, without blanks');

const OPTIONS = z
  .strictObject({
    grant: z.enum(['client_credentials', 'refresh_token'], 'must be client_credentials or refresh_token'),
    token_url: endpointUrl,
    scopes: z.array(words).min(1, 'names none').optional(),
    audience: z.string().min(1).optional(),
    resource: z.union([z.url(), z.array(z.url()).min(1, 'names none')], 'must be a URL or a list of URLs').optional(),
    auth: z
      .enum(['basic', 'body', 'private_key_jwt', 'none'], 'must be basic, body, private_key_jwt or none')
      .default('basic'),
    write_back: z.boolean().default(false),
  })
  .refine(({ grant, write_back: writes }) => grant === 'refresh_token' || !writes, {
    message: 'has write_back, which is for refresh tokens',
    params: { mend: 'take write_back away' },
  })
  .refine(({ grant, auth }) => grant === 'refresh_token' || auth !== 'none', {
    message: 'has auth: none, and without a refresh token nothing says who asks',
    params: { mend: 'write basic, body or private_key_jwt' },
  });

type Options = z.infer<typeof OPTIONS>;

/**
 * `oauth2: { grant: client_credentials, token_url: "https://auth.example.com/token" }` sends an access token that is got with
 * the secret `{"client_id", "client_secret" or "private_key" and "key_id"?, "refresh_token"?}`. The client is known by HTTP Basic
 * (the default), in the body, by a signed assertion (RFC 7523), or with a refresh token by nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749
 */
export const oauth2: CredentialKind = {
  key: 'oauth2',
  example: 'oauth2: { grant: client_credentials, token_url: "https://auth.example.com/token" }',
  schema: OPTIONS.transform((options) => {
    const { host } = new URL(options.token_url);
    const { write_back: writesBack, ...asked } = options;
    const purpose = `oauth2 ${JSON.stringify(Object.fromEntries(Object.entries({ ...asked, scopes: asked.scopes && [...asked.scopes].sort() }).sort()))}`;
    return {
      places: ['authorization'],
      writes: ['authorization'],
      templates: [],
      shape: shapeOf(options),
      sendsToken: true,
      prepare: (secretId, secret): TokenStep => {
        const origin = { secretId, endpoint: host };
        const fields = new SecretFields(secretId, secret);
        const client: OAuthClient = {
          origin,
          tokenUrl: options.token_url,
          clientId: fields.required('client_id'),
          authentication: authenticationOf(options, fields, secretId),
          parameters: parametersOf(options),
        };
        const use: TokenUse = { ...origin, secret, purpose, mint: minter(options, client, fields, secret, writesBack) };
        const step = perToken((token) => ({
          fields: [bearerField(secretText(token.reveal(), `the token of ${host}`), secretId)],
        }));
        return { token: () => ({ use, step }) };
      },
    };
  }),
};

function minter(
  { grant }: Options,
  client: OAuthClient,
  fields: SecretFields,
  secret: SecretVersion,
  writesBack: boolean,
): TokenUse['mint'] {
  if (grant === 'refresh_token' && secret.reveal().startsWith('\ufeff'))
    throw new CredentialError(
      `secret ${client.origin.secretId} begins with a byte order mark, and its refresh token is read where none may stand; store it without (in PowerShell: -Encoding utf8NoBOM)`,
    );
  if (grant === 'client_credentials')
    return async ({ signal }) => tokenOf(await requestToken(client, undefined, signal));
  fields.required('refresh_token');
  const refreshToken = new RefreshToken(client, secret, { writesBack });
  return (context) => refreshToken.token(context);
}

function parametersOf({ scopes, audience, resource }: Options): URLSearchParams {
  const parameters = new URLSearchParams();
  if (scopes !== undefined) parameters.set('scope', scopes.join(' '));
  if (audience !== undefined) parameters.set('audience', audience);
  for (const it of [resource ?? []].flat()) parameters.append('resource', it);
  return parameters;
}

function authenticationOf({ auth }: Options, fields: SecretFields, secretId: string): ClientAuth {
  switch (auth) {
    case 'basic':
      return ClientSecretBasic(fields.required('client_secret'));
    case 'body':
      return ClientSecretPost(fields.required('client_secret'));
    case 'none':
      return None();
    case 'private_key_jwt':
      return signedAssertion(fields.privateKey('private_key'), fields.optional('key_id'), secretId);
  }
}

/** Web Crypto takes keys asynchronously, and a secret is looked at at once: so the key is taken over when it is first used. */
function signedAssertion(key: KeyObject, keyId: string | undefined, secretId: string): ClientAuth {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined)
    throw new CredentialError(
      `secret ${secretId}: the field private_key is of a kind that cannot sign here; store an RSA, P-256, P-384 or Ed25519 key`,
    );
  let ready: Promise<ClientAuth> | undefined;
  return async (...call) => {
    ready ??= importPKCS8(key.export({ type: 'pkcs8', format: 'pem' }).toString(), algorithm).then((imported) =>
      PrivateKeyJwt(keyId === undefined ? imported : { key: imported, kid: keyId }),
    );
    return (await ready)(...call);
  };
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string | undefined {
  if (type === 'rsa') return 'RS256';
  if (type === 'ed25519') return 'Ed25519';
  if (type !== 'ec') return undefined;
  return { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }[details?.namedCurve ?? ''];
}

function shapeOf({ grant, auth }: Options): Record<string, string> {
  return {
    client_id: '…',
    ...(auth === 'private_key_jwt' ? { private_key: '-----BEGIN PRIVATE KEY-----\n…' } : {}),
    ...(auth === 'basic' || auth === 'body' ? { client_secret: '…' } : {}),
    ...(grant === 'refresh_token' ? { refresh_token: '…' } : {}),
  };
}
