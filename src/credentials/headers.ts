import { z } from 'zod';
import { headerValue } from './header-value.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';

/** Headers that say how a message is framed, where it goes or who sent it: no credential is sent in one of these. */
const NOT_CREDENTIALS =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-connection|x-envoy-.*|x-forwarded-.*|x-attache-.*)$/;

/** The name of a header that may carry a credential, in any case (RFC 9110, section 5.1). */
export const headerName = z
  .string()
  .refine((name) => /^[a-z0-9!#$%&'*+.^_`|~-]+$/i.test(name), {
    message: 'is no name of a header',
    params: { mend: 'use letters, digits and hyphens, for example x-api-key' },
  })
  .refine((name) => !NOT_CREDENTIALS.test(name.toLowerCase()), {
    message: 'is a header that steers the message, not one that carries a credential',
    params: { mend: 'name the header in which the API expects its key' },
  });

/** `headers: { x-api-key: "{{ . }}" }` sets each of these headers. Some may be plain text, as long as one refers to the secret. */
export const headers: CredentialKind = {
  key: 'headers',
  example: 'headers: { x-api-key: "{{ api_key }}" }',
  schema: z
    .record(headerName, template({ literal: true }))
    .refine((fields) => Object.values(fields).some((value) => value.references.length > 0), {
      message: 'has no reference into the secret',
      params: { mend: 'write for example { x-api-key: "{{ api_key }}" }' },
    })
    .refine(
      (fields) => new Set(Object.keys(fields).map((name) => name.toLowerCase())).size === Object.keys(fields).length,
      {
        message: 'names a header twice',
        params: { mend: 'header names are the same in upper and lower case: keep one of them' },
      },
    )
    .refine(
      (fields) =>
        Object.entries(fields).every(
          ([name, value]) => !value.fill('').toLowerCase().startsWith(`${name.toLowerCase()}:`),
        ),
      {
        message: 'repeats the name of a header in its value',
        params: { mend: 'write for example { x-api-key: "{{ api_key }}" }' },
      },
    )
    .transform((fields) =>
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value])),
    )
    .transform((fields) => ({
      places: Object.keys(fields),
      writes: Object.keys(fields),
      templates: Object.values(fields),
      prepare: (secretId, secret) => ({
        fields: Object.entries(fields).map(([name, value]) => ({
          name,
          value: headerValue(value.render(secretId, secret), name, secretId),
        })),
      }),
    })),
};
