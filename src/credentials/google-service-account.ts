import { z } from 'zod';
import { type GoogleGrant, tokenOfGoogle } from '../tokens/google.ts';
import type { TokenUse } from '../tokens/token-use.ts';
import { bearerField } from './bearer.ts';
import { CredentialError } from './credential-error.ts';
import { endpointFault } from './endpoint-url.ts';
import type { CredentialKind, TokenStep } from './kind.ts';
import { perToken } from './per-token.ts';
import { SecretFields } from './secret-fields.ts';
import { secretText } from './secret-text.ts';

/** Where Google's key files point, for one that does not say. */
const TOKEN_URI = 'https://oauth2.googleapis.com/token';

/**
 * `google_service_account: { scopes: ["https://www.googleapis.com/auth/cloud-platform"] }` sends an access token of the service
 * account whose JSON key file the secret is; `audience` asks for an ID token instead, and `subject` for a user's access token
 * by domain-wide delegation.
 *
 * @see https://developers.google.com/identity/protocols/oauth2/service-account
 */
export const googleServiceAccount: CredentialKind = {
  key: 'google_service_account',
  example: 'google_service_account: { scopes: ["https://www.googleapis.com/auth/cloud-platform"] }',
  schema: z
    .strictObject({
      scopes: z
        .array(z.string().regex(/^\S+$/, 'is no scope: one word each, without blanks'))
        .min(1, 'names none')
        .optional(),
      audience: z.string().min(1).optional(),
      subject: z.string().min(1).optional(),
    })
    .refine(({ scopes, audience }) => (scopes === undefined) !== (audience === undefined), {
      message: 'needs either scopes or an audience',
      params: { mend: 'write scopes for an access token, audience for an ID token' },
    })
    .refine(({ scopes, subject }) => subject === undefined || scopes !== undefined, {
      message: 'has a subject and no scopes',
      params: { mend: 'take subject away' },
    })
    .transform(({ scopes, audience = '', subject }) => {
      const grant: GoogleGrant =
        scopes === undefined
          ? { audience }
          : { scopes: [...scopes].sort(), ...(subject === undefined ? {} : { subject }) };
      return {
        places: ['authorization'],
        writes: ['authorization'],
        templates: [],
        shape: { type: 'service_account', client_email: '…', private_key: '-----BEGIN PRIVATE KEY-----\n…' },
        sendsToken: true,
        prepare: (secretId, secret): TokenStep => {
          const fields = new SecretFields(secretId, secret);
          const tokenUri = fields.optional('token_uri') ?? TOKEN_URI;
          if (endpointFault(tokenUri) !== undefined)
            throw new CredentialError(
              `secret ${secretId}: the field token_uri is no https URL; store Google's key file`,
            );
          const account = {
            email: fields.required('client_email'),
            key: fields.privateKey('private_key'),
            keyId: fields.optional('private_key_id'),
            tokenUri,
          };
          const origin = { secretId, endpoint: new URL(tokenUri).host };
          const use: TokenUse = {
            ...origin,
            secret,
            purpose: `google_service_account ${JSON.stringify(grant)}`,
            mint: ({ signal }) => tokenOfGoogle(origin, account, grant, signal),
          };
          const step = perToken((token) => ({
            fields: [bearerField(secretText(token.reveal(), 'the token of Google'), secretId)],
          }));
          return { token: () => ({ use, step }) };
        },
      };
    }),
};
