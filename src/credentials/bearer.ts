import { headerValue } from './header-value.ts';
import type { HeaderField } from './injection.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';
import { refuseRepeated } from './template.ts';

/** The header that carries a bearer token. */
export function bearerField(token: string, secretId: string): HeaderField {
  return { name: 'authorization', value: headerValue(`Bearer ${token}`, 'authorization', secretId) };
}

const SAYS_BEARER = /^bearer\b/i;

/** `bearer: "{{ api_key }}"` sets `authorization: Bearer …` (RFC 6750, section 2.1). */
export const bearer: CredentialKind = {
  key: 'bearer',
  example: 'bearer: "{{ api_key }}"',
  schema: template()
    .refine((token) => !SAYS_BEARER.test(token.fill('')), {
      message: 'has the word Bearer, which is added anyway',
      params: { mend: 'write bearer: "{{ api_key }}"' },
    })
    .refine((token) => !token.fill('').includes(' ') || SAYS_BEARER.test(token.fill('')), {
      message: 'has a blank, and Bearer before all of it: no bearer token has one',
      params: { mend: 'for another word write headers: { authorization: "Token {{ api_key }}" }' },
    })
    .transform((token) => ({
      places: ['authorization'],
      writes: ['authorization'],
      templates: [token],
      prepare: (secretId, secret) => {
        const text = token.render(secretId, secret);
        refuseRepeated('Bearer ', text, secretId);
        return { fields: [bearerField(text, secretId)] };
      },
    })),
};
