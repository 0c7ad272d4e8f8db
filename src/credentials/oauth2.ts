import type { SecretVersion } from '../secrets/secret-version.ts';
import { type OAuthClient, requestToken, tokenOf } from '../tokens/oauth2.ts';
import { RefreshToken } from '../tokens/refresh-token.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import { bearerField } from './bearer.ts';
import { authenticationOf } from './client-authentication.ts';
import type { CredentialKind, TokenStep } from './kind.ts';
import { GRANT_SHAPES, grantOf } from './oauth2-grants.ts';
import { OAUTH2_OPTIONS, type OAuth2Options } from './oauth2-options.ts';
import { perToken } from './per-token.ts';
import { SecretFields } from './secret-fields.ts';
import { secretText } from './secret-text.ts';

/** Who asks where nobody needs to say so: it is not sent. */
const NOBODY = 'nobody';

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
    const { write_back: writesBack, ...asked } = options;
    const purpose = `oauth2 ${JSON.stringify(Object.fromEntries(Object.entries({ ...asked, scopes: asked.scopes && [...asked.scopes].sort() }).sort()))}`;
    return {
      places: ['authorization'],
      writes: ['authorization'],
      templates: [],
      shape: shapeOf(options),
      sendsToken: true,
      ...(options.grant === 'password' ? { caution: PASSWORD } : {}),
      prepare: (secretId, secret): TokenStep => {
        const origin = { secretId, endpoint: host };
        const fields = new SecretFields(secretId, secret);
        const client = { origin, tokenUrl: options.token_url, parameters: parametersOf(options) };
        const minting =
          options.grant === 'refresh_token'
            ? refreshing({ ...client, ...clientOf(options, fields, origin) }, fields, secret, writesBack)
            : asking(options, client, fields);
        const use: TokenUse = { ...origin, secret, purpose, ...minting };
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

function refreshing(client: OAuthClient, fields: SecretFields, secret: SecretVersion, writesBack: boolean): Minting {
  fields.required('refresh_token');
  const refreshToken = new RefreshToken(client, secret, { writesBack });
  return { mint: (context) => refreshToken.token(context), pending: () => refreshToken.pending };
}

function asking(
  options: OAuth2Options,
  about: Pick<OAuthClient, 'origin' | 'tokenUrl' | 'parameters'>,
  fields: SecretFields,
): Minting {
  const { isDated, ...grant } = grantOf(options, fields, about.origin);
  const known = clientOf(options, fields, about.origin);
  const client: OAuthClient = { ...about, ...known, isDated: isDated === true || known.isDated === true };
  return { mint: async ({ signal }) => tokenOf(await requestToken(client, grant, signal)) };
}

/** A token that is exchanged may say by itself who asks. */
function clientOf(
  { auth, grant }: OAuth2Options,
  fields: SecretFields,
  origin: OAuthClient['origin'],
): Pick<OAuthClient, 'clientId' | 'authentication' | 'isDated' | 'fetch'> {
  const isAnonymous = grant === 'token_exchange' && auth === 'none' && fields.optional('client_id') === undefined;
  if (isAnonymous) return { clientId: NOBODY, authentication: () => undefined };
  return { clientId: fields.required('client_id'), ...authenticationOf(auth, fields, origin) };
}

function parametersOf({ scopes, audience, resource, parameters = {} }: OAuth2Options): URLSearchParams {
  const all = new URLSearchParams(parameters);
  if (scopes !== undefined) all.set('scope', scopes.join(' '));
  if (audience !== undefined) all.set('audience', audience);
  for (const it of [resource ?? []].flat()) all.append('resource', it);
  return all;
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
