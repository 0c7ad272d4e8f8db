import { z } from 'zod';
import { ALWAYS_STRIPPED, OVERRIDES, UNSEARCHABLE } from './callers-own.ts';
import { headerValue } from './header-value.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';
import { schemeFault } from './scheme.ts';
import type { Template } from './template.ts';

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

/** What a caller may not send, or only where it means nothing: a list of it is not added to. */
const NOT_LISTS = [...ALWAYS_STRIPPED, ...OVERRIDES, ...UNSEARCHABLE];

/** What is added to a list: no place for a secret, which a retry with another version of it would have to find there again. */
const toAppend = z.object({
  append: z
    .string('must be a text')
    .refine((text) => /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !/^,|,$/.test(text), {
      message: 'is no item of a list',
      params: { mend: 'write it in printable ASCII without blanks or commas around it' },
    })
    .refine((text) => !text.includes('{{'), {
      message: 'refers to the secret, and may be plain text alone',
      params: { mend: 'take append away, so that the header is set' },
    }),
});

const literal = template({ literal: true });

/** A template that the header is set to, or a text that is added to the caller's. */
const headerSpec = z.unknown().transform((spec, context): Template | { readonly append: string } => {
  const isMap = typeof spec === 'object' && spec !== null;
  if (isMap && Object.keys(spec).join() !== 'append') {
    context.addIssue({
      code: 'custom',
      message: 'must be a text, or a map with append alone',
      params: { mend: 'write for example { append: context-1m-2025-08-07 }' },
    });
    return z.NEVER;
  }
  const result = isMap ? toAppend.safeParse(spec) : literal.safeParse(spec);
  if (result.success) return result.data;
  for (const issue of result.error.issues)
    context.issues.push({ ...issue, input: spec } as (typeof context.issues)[number]);
  return z.NEVER;
});

/**
 * `headers: { x-api-key: "{{ . }}" }` sets each of these headers. Some may be plain text, as long as one refers to the secret.
 * `{ append: text }` adds to the list that the caller sends in a header; a block that does no more stands beside another kind.
 */
export const headers: CredentialKind = {
  key: 'headers',
  example: 'headers: { x-api-key: "{{ api_key }}" }',
  schema: z
    .record(headerName, headerSpec)
    .transform((specs) => {
      const entries = Object.entries(specs);
      return {
        sets: entries.flatMap(([name, spec]) => ('append' in spec ? [] : [[name, spec] as const])),
        appends: entries.flatMap(([name, spec]) => ('append' in spec ? [{ name, value: spec.append }] : [])),
      };
    })
    .refine(
      ({ sets, appends }) =>
        sets.some(([, value]) => value.references.length > 0) || (sets.length === 0 && appends.length > 0),
      {
        message: 'has no reference into the secret',
        params: { mend: 'write for example { x-api-key: "{{ api_key }}" }' },
      },
    )
    .refine(({ appends }) => appends.every(({ name }) => !NOT_LISTS.includes(name.toLowerCase())), {
      message: 'appends to a header that is not passed on of a caller, or that no integration may pass on',
      params: { mend: 'set the header instead, or name another one' },
    })
    .refine(
      ({ sets, appends }) => {
        const names = [...sets.map(([name]) => name), ...appends.map(({ name }) => name)];
        return new Set(names.map((name) => name.toLowerCase())).size === names.length;
      },
      {
        message: 'names a header twice',
        params: { mend: 'header names are the same in upper and lower case: keep one of them' },
      },
    )
    .refine(
      ({ sets }) => sets.every(([name, value]) => !value.fill('').toLowerCase().startsWith(`${name.toLowerCase()}:`)),
      {
        message: 'repeats the name of a header in its value',
        params: { mend: 'write for example { x-api-key: "{{ api_key }}" }' },
      },
    )
    .superRefine(({ sets }, context) => {
      for (const [name, value] of sets) {
        const fault = schemeFault(name.toLowerCase(), value);
        if (fault === undefined) continue;
        const { message, mend } = fault;
        context.addIssue({ code: 'custom', path: [name], message, params: { mend } });
      }
    })
    .transform(({ sets, appends }) => ({
      fields: sets.map(([name, value]) => [name.toLowerCase(), value] as const),
      appends: appends.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    }))
    .transform(({ fields, appends }) => {
      const names = [...fields, ...appends.map(({ name }) => [name] as const)].map(([name]) => name);
      return {
        places: names,
        writes: names,
        appends,
        templates: fields.map(([, value]) => value),
        prepare: (secretId, secret) => ({
          fields: fields.map(([name, value]) => ({
            name,
            value: headerValue(value.render(secretId, secret), name, secretId),
          })),
        }),
      };
    }),
};
