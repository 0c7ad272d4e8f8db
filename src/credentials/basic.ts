import { z } from 'zod';
import { CredentialError } from './credential-error.ts';
import { headerValue } from './header-value.ts';
import type { HeaderField } from './injection.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';

/** The header that carries a user and a password. */
export function basicField(user: string, password: string, secretId: string): HeaderField {
  const bytes = Buffer.from(`${user}:${password}`, 'utf8');
  const pair = bytes.toString('base64');
  bytes.fill(0);
  return { name: 'authorization', value: headerValue(`Basic ${pair}`, 'authorization', secretId) };
}

/**
 * `basic: { username: "{{ api_key }}" }` sets `authorization: Basic …` (RFC 7617, in UTF-8). Either part may be plain text
 * or missing, which means empty, as long as one of them refers to the secret.
 */
export const basic: CredentialKind = {
  key: 'basic',
  example: 'basic: { username: "{{ api_key }}" }',
  schema: z
    .strictObject({
      username: template({ literal: true }).optional(),
      password: template({ literal: true }).optional(),
    })
    .refine(
      (parts) => [parts.username, parts.password].some((part) => part !== undefined && part.references.length > 0),
      {
        message: 'has no reference into the secret',
        params: { mend: 'write for example { username: "{{ api_key }}" }' },
      },
    )
    .refine(
      ({ username, password }) => [username, password].every((part) => !/^(basic|bearer) /i.test(part?.fill('') ?? '')),
      {
        message: 'has the word Basic or Bearer, which is added anyway or has no place here',
        params: { mend: 'write for example { username: "{{ user }}", password: "{{ password }}" }' },
      },
    )
    .refine(({ username }) => username?.fill('').includes(':') !== true, {
      message: 'has a colon in its username, where the password begins',
      params: { mend: 'write for example { username: "{{ user }}", password: "{{ password }}" }' },
    })
    .transform(({ username, password }) => ({
      places: ['authorization'],
      writes: ['authorization'],
      templates: [username, password].filter((part) => part !== undefined),
      prepare: (secretId, secret) => {
        const user = username?.render(secretId, secret) ?? '';
        if (user.includes(':')) {
          throw new CredentialError(
            `secret ${secretId} gives a Basic username with a colon, which cannot be sent; put it under password`,
          );
        }
        return { fields: [basicField(user, password?.render(secretId, secret) ?? '', secretId)] };
      },
    })),
};
