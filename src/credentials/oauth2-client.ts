import type { OAuthClient } from '../tokens/oauth2.ts';
import { authenticationOf } from './client-authentication.ts';
import type { OAuth2Options } from './oauth2-options.ts';
import type { SecretFields } from './secret-fields.ts';

/** Who asks where nobody needs to say so: it is not sent. */
const NOBODY = 'nobody';

/**
 * The client that a block `oauth2` and its secret describe.
 *
 * @throws CredentialError when the secret does not hold what that needs.
 */
export function clientOf(options: OAuth2Options, fields: SecretFields, secretId: string): OAuthClient {
  const origin = { secretId, endpoint: new URL(options.token_url).host };
  const about = { origin, tokenUrl: options.token_url, parameters: parametersOf(options) };
  const { auth, grant } = options;
  // A token that is exchanged may say by itself who asks.
  const isAnonymous = grant === 'token_exchange' && auth === 'none' && fields.optional('client_id') === undefined;
  if (isAnonymous) return { ...about, clientId: NOBODY, authentication: () => undefined };
  return { ...about, clientId: fields.required('client_id'), ...authenticationOf(auth, fields, origin) };
}

function parametersOf({ scopes, audience, resource, parameters = {} }: OAuth2Options): URLSearchParams {
  const all = new URLSearchParams(parameters);
  if (scopes !== undefined) all.set('scope', scopes.join(' '));
  if (audience !== undefined) all.set('audience', audience);
  for (const it of [resource ?? []].flat()) all.append('resource', it);
  return all;
}
