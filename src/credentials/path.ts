import { encodeSegment, prefixFault, prefixSegments, withoutPrefix, withPrefix } from '../paths/path-prefix.ts';
import { CredentialError } from './credential-error.ts';
import type { CredentialKind } from './kind.ts';
import { template } from './schema.ts';

/**
 * `path: "/bot{{ token }}"` puts this before the path, `/getMe` becoming `/bot…/getMe`. What stands in the secret is percent-encoded,
 * a slash in it too, so the number of segments tells what an earlier attempt has put there.
 */
export const path: CredentialKind = {
  key: 'path',
  example: 'path: "/bot{{ token }}"',
  schema: template()
    .superRefine((prefix, context) => {
      const fault = prefixFault(prefix.fill('x'));
      if (fault !== undefined)
        context.addIssue({ code: 'custom', message: fault.reason, params: { mend: fault.mend } });
    })
    .transform((prefix) => ({
      places: ['path'],
      writes: [':path'],
      templates: [prefix],
      callersPath: (sent) => withoutPrefix(sent, prefixSegments(prefix.fill('x'))),
      prepare: (secretId, secret) => {
        const text = prefix.render(secretId, secret, encodeSegment);
        const fault = prefixFault(text);
        if (fault !== undefined)
          throw new CredentialError(
            `secret ${secretId} gives no path that can be sent: a part of it would be . or .., which servers take away; store another`,
          );
        return { path: (before) => withPrefix(before, text) };
      },
    })),
};
