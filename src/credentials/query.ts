import { z } from 'zod';
import { replaceQueryParameter } from '../paths/query-parameter.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';

/**
 * `query: { key: "{{ api_key }}" }` sets each of these parameters of the query, in the place of any that the caller sent. Some
 * may be plain text, as long as one refers to the secret.
 */
export const query: CredentialKind = {
  key: 'query',
  example: 'query: { key: "{{ api_key }}" }',
  schema: z
    .record(
      z.string().refine((name) => /^[\x21-\x7e]+$/.test(name), {
        message: 'is no name of a parameter',
        params: { mend: 'write it as it reads when decoded, in printable ASCII without blanks' },
      }),
      template({ literal: true }),
    )
    .refine((parameters) => Object.values(parameters).some((value) => value.references.length > 0), {
      message: 'has no reference into the secret',
      params: { mend: 'write for example { key: "{{ api_key }}" }' },
    })
    .refine(
      (parameters) => Object.entries(parameters).every(([name, value]) => !value.fill('').startsWith(`${name}=`)),
      {
        message: 'repeats the name of a parameter in its value',
        params: { mend: 'write for example { key: "{{ api_key }}" }' },
      },
    )
    .transform((parameters) => ({
      places: Object.keys(parameters).map((name) => `query ${name}`),
      writes: [':path'],
      parameters: Object.keys(parameters),
      templates: Object.values(parameters),
      prepare: (secretId, secret) => {
        const values = Object.entries(parameters).map(
          ([name, value]) => [name, value.render(secretId, secret)] as const,
        );
        return {
          path: (path) => values.reduce((before, [name, value]) => replaceQueryParameter(before, name, value), path),
        };
      },
    })),
};
