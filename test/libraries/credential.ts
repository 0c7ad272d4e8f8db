import { randomBytes } from 'node:crypto';
import type { ReceivedRequest } from '../../local/upstream-server.ts';
import type { CredentialBlock } from '../../src/vendors/vendor.ts';
import { placeOfPlaceholder } from './placeholder.ts';

/** What no program of a test holds, and every request must. */
export interface RealCredential {
  /** The value of the secret in Secrets Manager. */
  readonly secret: string;
  /** Why a request of a program with these variables does not carry exactly this credential; undefined when it does. */
  faultOf(request: ReceivedRequest, env?: Readonly<Record<string, string>>): string | undefined;
  /** A request's path without the credential that stands in it. */
  plainPath(path: string): string;
}

/** A new credential in the places that a block names. Kinds that ask somebody for a token are not among them. */
export function newCredential(block: CredentialBlock): RealCredential {
  const fields = new Map<string, string>();
  const filled = (template: string) =>
    template.replace(/\{\{ *(.*?) *\}\}/g, (_, field: string) => {
      if (!fields.has(field)) fields.set(field, `real-${randomBytes(9).toString('hex')}`);
      return fields.get(field) ?? '';
    });
  const headers = new Map<string, string>();
  if (block.bearer !== undefined) headers.set('authorization', `Bearer ${filled(block.bearer)}`);
  if (block.basic !== undefined) {
    const pair = `${filled(block.basic.username ?? '')}:${filled(block.basic.password ?? '')}`;
    headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  }
  for (const [name, template] of Object.entries(block.headers ?? {})) headers.set(name, filled(template));
  const query = Object.entries(block.query ?? {}).map(([name, template]) => `${name}=${filled(template)}`);
  const prefix = block.path === undefined ? '' : filled(block.path);
  const signs = block.aws_sigv4 !== undefined;
  if (signs) for (const field of ['access_key_id', 'secret_access_key']) filled(`{{ ${field} }}`);
  if (fields.size === 0) throw new Error('this credential asks for a token; give the row another one in `options`');
  return {
    secret: JSON.stringify(Object.fromEntries(fields)),
    faultOf: (request, env) => {
      for (const [name, value] of headers)
        if (request.headers[name] !== value) return `${name} does not hold the real key`;
      if (signs && !request.headers.authorization?.includes(`Credential=${fields.get('access_key_id')}/`))
        return 'not signed with the real key';
      if (query.some((pair) => !request.path.includes(pair))) return 'the query does not hold the real key';
      if (!request.path.startsWith(prefix)) return 'the path does not hold the real key';
      const place = placeOfPlaceholder(request, env);
      return place === undefined ? undefined : `the program's own key came along in ${place}`;
    },
    plainPath: (path) => {
      const [before = '', search = ''] = path.slice(prefix.length).split('?', 2);
      const rest = search.split('&').filter((pair) => pair !== '' && !query.includes(pair));
      return rest.length === 0 ? before : `${before}?${rest.join('&')}`;
    },
  };
}
