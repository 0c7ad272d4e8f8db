import { EVERYTHING, type Listing } from './listing.ts';

/** A command for a shell that makes a request which is allowed, as far as that can be told. Undefined without an address to call. */
export function curlLine({ baseUrls, allow }: Listing): string | undefined {
  const base = baseUrls.find((url) => !url.includes('*'));
  if (base === undefined) return undefined;
  const [method = '*', rule = '/'] = (allow[0] ?? EVERYTHING).split(/\s+/, 2);
  const path = rule.replace(/\*.*$/, '');
  const url = quoted(`${base}${path}`);
  if (method === '*' || method === 'GET') return `curl ${url}`;
  return method === 'HEAD' ? `curl -I ${url}` : `curl -X ${method} ${url}`;
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w:/.@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
