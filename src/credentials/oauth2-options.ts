import { z } from 'zod';
import { AUTHENTICATIONS } from './client-authentication.ts';
import { endpointUrl } from './endpoint-url.ts';

/** The grants, as they are written. */
export const GRANTS = [
  'client_credentials',
  'refresh_token',
  'account_credentials',
  'jwt_bearer',
  'token_exchange',
  'password',
] as const;

/** Parameters that other options, or the secret, decide. */
const TAKEN = [
  'grant_type',
  'scope',
  'audience',
  'resource',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'refresh_token',
  'account_id',
  'assertion',
  'subject_token',
  'subject_token_type',
  'username',
  'password',
];

const words = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'is no scope: one word each, without blanks');

const text = z.string('must be a text').min(1, 'is empty');

const parameters = z.record(
  z
    .string()
    .regex(/^[\w.:-]+$/, 'is no name of a parameter')
    .refine((name) => !TAKEN.includes(name), {
      message: 'is a parameter that other options or the secret decide',
      params: { mend: 'take it away' },
    }),
  text,
);

/** Claims of an assertion beside those that are always there. */
const assertion = z.strictObject({
  audience: text.optional(),
  subject: text.optional(),
  claims: z
    .record(z.string().regex(/^(?!(iss|sub|aud|iat|nbf|exp|jti|scope)$)/, 'is a claim that is set already'), text)
    .optional(),
});

const AUTH_WORDS = 'must be basic, body, private_key_jwt, tls or none';

/** What may stand under `oauth2`. */
export const OAUTH2_OPTIONS = z
  .strictObject({
    grant: z.enum(GRANTS, `must be one of ${GRANTS.join(', ')}`),
    token_url: endpointUrl,
    scopes: z.array(words).min(1, 'names none').optional(),
    audience: text.optional(),
    resource: z.union([z.url(), z.array(z.url()).min(1, 'names none')], 'must be a URL or a list of URLs').optional(),
    auth: z.enum(AUTHENTICATIONS, AUTH_WORDS).optional(),
    parameters: parameters.optional(),
    assertion: assertion.optional(),
    subject_token_type: z.url('must be a URI').optional(),
    write_back: z.boolean().default(false),
  })
  .refine(({ grant, write_back: writes }) => grant === 'refresh_token' || !writes, {
    message: 'has write_back, which is for refresh tokens',
    params: { mend: 'take write_back away' },
  })
  .refine(({ grant, assertion: it }) => grant === 'jwt_bearer' || it === undefined, {
    message: 'has an assertion, which is for grant: jwt_bearer',
    params: { mend: 'take assertion away' },
  })
  .refine(({ grant, subject_token_type: type }) => grant === 'token_exchange' || type === undefined, {
    message: 'has a subject_token_type, which is for grant: token_exchange',
    params: { mend: 'take subject_token_type away' },
  })
  .refine(({ grant, auth }) => auth !== 'none' || !['client_credentials', 'account_credentials'].includes(grant), {
    message: 'has auth: none, and without a refresh token nothing says who asks',
    params: { mend: 'write basic, body, private_key_jwt or tls' },
  })
  .refine(({ auth, token_url: url }) => auth !== 'tls' || url.startsWith('https:'), {
    message: 'has auth: tls, and its token_url is no https URL',
    params: { mend: 'write https://' },
  })
  // An assertion says by itself who asks.
  .transform(({ auth, ...it }) => ({ ...it, auth: auth ?? (it.grant === 'jwt_bearer' ? 'none' : 'basic') }) as const);

export type OAuth2Options = z.infer<typeof OAUTH2_OPTIONS>;
