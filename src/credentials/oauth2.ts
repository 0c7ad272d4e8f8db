import type { SecretVersion } from '../secrets/secret-version.ts';
import { type OAuthClient, requestToken, tokenOf } from '../tokens/oauth2.ts';
import { RefreshToken } from '../tokens/refresh-token.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import { bearerField } from './bearer.ts';
import type { CredentialKind, TokenStep } from './kind.ts';
import { clientOf } from './oauth2-client.ts';
import { GRANT_SHAPES, grantOf } from './oauth2-grants.ts';
import { OAUTH2_OPTIONS, type OAuth2Options } from './oauth2-options.ts';
import { perToken } from './per-token.ts';
import { SecretFields } from './secret-fields.ts';
import { secretText } from './secret-text.ts';

/**
 * `oauth2: { grant: client_credentials, token_url: "https://auth.example.com/token" }` sends an access token that is got with
 * the secret `{"client_id", "client_secret" or "private_key" and "key_id"?, "refresh_token"?}`. The client is known by HTTP Basic
 * (the default), in the body, by a signed assertion (RFC 7523), by a certificate (RFC 8705), or by nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749
 */
export const oauth2: CredentialKind = {
  key: 'oauth2',
  example: 'oauth2: { grant: client_credentials, token_url: "https://auth.example.com/token" }',
  schema: OAUTH2_OPTIONS.transform((options) => {
    const { host } = new URL(options.token_url);
    const { write_back: _, ...asked } = options;
    const purpose = `oauth2 ${JSON.stringify(Object.fromEntries(Object.entries({ ...asked, scopes: asked.scopes && [...asked.scopes].sort() }).sort()))}`;
    return {
      places: ['authorization'],
      writes: ['authorization'],
      templates: [],
      shape: shapeOf(options),
      sendsToken: true,
      ...(options.grant === 'password' ? { caution: PASSWORD } : {}),
      prepare: (secretId, secret): TokenStep => {
        const fields = new SecretFields(secretId, secret);
        const minting =
          options.grant === 'refresh_token'
            ? refreshing(options, fields, secretId, secret)
            : asking(options, fields, secretId);
        const use: TokenUse = { secretId, endpoint: host, secret, purpose, ...minting };
        const step = perToken((token) => ({
          fields: [bearerField(secretText(token.reveal(), `the token of ${host}`), secretId)],
        }));
        return { token: () => ({ use, step }) };
      },
    };
  }),
};

/** What `check` says of a grant that RFC 9700 forbids. */
const PASSWORD = {
  reason:
    'grant: password hands the password of a person to the token endpoint, fails where a second factor is asked for, and is withdrawn (RFC 9700, section 2.4)',
  mend: 'use client_credentials or a refresh token where the provider has them',
};

type Minting = Pick<TokenUse, 'mint' | 'pending'>;

function refreshing(options: OAuth2Options, fields: SecretFields, secretId: string, secret: SecretVersion): Minting {
  fields.required('refresh_token');
  const storedWith = options.write_back ? options : undefined;
  const refreshToken = new RefreshToken(clientOf(options, fields, secretId), secret, { storedWith });
  return { mint: (context) => refreshToken.token(context), pending: () => refreshToken.pending };
}

function asking(options: OAuth2Options, fields: SecretFields, secretId: string): Minting {
  const known = clientOf(options, fields, secretId);
  const { isDated, ...grant } = grantOf(options, fields, known.origin);
  const client: OAuthClient = { ...known, isDated: isDated === true || known.isDated === true };
  return { mint: async ({ signal }) => tokenOf(await requestToken(client, grant, signal)) };
}

function shapeOf({ grant, auth }: OAuth2Options): Record<string, string> {
  const key = { private_key: '-----BEGIN PRIVATE KEY-----\n…' };
  const byAuth = {
    basic: { client_secret: '…' },
    body: { client_secret: '…' },
    private_key_jwt: key,
    tls: { certificate: '-----BEGIN CERTIFICATE-----\n…', ...key },
    none: {},
  };
  return { client_id: '…', ...byAuth[auth], ...GRANT_SHAPES[grant] };
}
