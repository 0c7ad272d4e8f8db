import { headerValue } from './header-value.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';

/** `bearer: "{{ api_key }}"` sets `authorization: Bearer …` (RFC 6750, section 2.1). */
export const bearer: CredentialKind = {
  key: 'bearer',
  example: 'bearer: "{{ api_key }}"',
  schema: template().transform((token) => ({
    places: ['authorization'],
    templates: [token],
    fill: (secretId, secret) => [
      {
        name: 'authorization',
        value: headerValue(`Bearer ${token.render(secretId, secret)}`, 'authorization', secretId),
      },
    ],
  })),
};
