import type { ReceivedRequest } from '../../../local/upstream-server.ts';
import { KEY, type KindName } from './run.ts';

/** A request as its caller made it. */
export interface Made {
  readonly kind: KindName;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** Whether a request may reach its destination at all: the rules of `ALLOW`, read by eye. */
export function mayArrive({ method, path }: Made): boolean {
  const [before = ''] = path.split('?');
  if (method === 'DELETE') return /^\/users\/[^/]+$/.test(before);
  if (method === 'POST') return before.startsWith('/file/');
  return method === 'GET' && (before === '/v1' || before.startsWith('/v1/'));
}

/** In what a request that has arrived is another one than its caller made, but for what the integration sets. */
export function whatIsWrong(made: Made, { method, path, headers, body }: Omit<ReceivedRequest, 'status'>): string[] {
  const wrong: string[] = [];
  const what = `${made.kind} ${made.method} ${made.path}`;
  const expect = (name: string, is: unknown, wanted: unknown) => {
    if (is !== wanted) wrong.push(`${what}: ${name} is ${JSON.stringify(is)}, and not ${JSON.stringify(wanted)}`);
  };
  expect('the method', method, made.method);
  expect('the path', path, pathOf(made));
  expect('the body', body.toString(), made.body ?? '');
  expect('cookie', headers.cookie, undefined);
  expect('x-goog-api-key', headers['x-goog-api-key'], made.kind === 'headers' ? KEY : undefined);
  const { authorization } = headers;
  if (made.kind === 'bearer' || made.kind === 'both') expect('authorization', authorization, `Bearer ${KEY}`);
  else if (made.kind === 'basic')
    expect('authorization', authorization, `Basic ${Buffer.from(`${KEY}:`).toString('base64')}`);
  else if (made.kind === 'signed')
    expect('the signature', authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/'), true);
  else if (made.kind !== 'oauth2' && made.kind !== 'google' && made.kind !== 'github')
    expect('authorization', authorization, undefined);
  return wrong;
}

/** The path that must arrive: the caller's, with the key in the place where this kind puts it. */
function pathOf({ kind, path }: Made): string {
  if (kind !== 'query' && kind !== 'path' && kind !== 'both') return path;
  const [before = '', query = ''] = path.split('?');
  if (kind === 'path') return `/bot${KEY}${path}`;
  const parameters = query.split('&');
  const at = parameters.findIndex((it) => it.startsWith('key='));
  if (at >= 0) parameters[at] = `key=${KEY}`;
  else parameters.push(`key=${KEY}`);
  return `${kind === 'both' ? `/bot${KEY}` : ''}${before}?${parameters.join('&')}`;
}
