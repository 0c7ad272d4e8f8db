/**
 * Who may do what, as the README says it: written to be read, not to be fast, and sharing nothing with Attaché. A test holds the
 * real thing against it.
 */
export interface NaiveCaller {
  readonly address: string;
  /** URIs of the certificate that Envoy has verified, in their order. */
  readonly uris: readonly string[];
  /** Claims of the token that Envoy has verified and that was meant for Attaché. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
}

export interface NaiveIntegration {
  readonly callers?: readonly string[];
  readonly allow?: readonly string[];
}

export type NaiveDecision = 'sent' | 'caller_not_allowed' | 'request_not_allowed';

/** @param path as Envoy has made it plain; its query plays no part. */
export function naiveDecision(
  { callers, allow }: NaiveIntegration,
  tags: Readonly<Record<string, readonly string[]>>,
  caller: NaiveCaller,
  method: string,
  path: string,
): NaiveDecision {
  if (callers !== undefined && !callers.some((rule) => isMeant(rule, tags, caller))) return 'caller_not_allowed';
  if (/^(?:trace|track|debug|connect|pri)$/i.test(method)) return 'request_not_allowed';
  if (allow !== undefined && !allow.some((rule) => isAllowed(rule, method, path))) return 'request_not_allowed';
  return 'sent';
}

function isMeant(rule: string, tags: Readonly<Record<string, readonly string[]>>, caller: NaiveCaller): boolean {
  if (rule.startsWith('tag:')) return (tags[rule.slice(4)] ?? []).some((inner) => isMeant(inner, tags, caller));
  if (rule.startsWith('claim:')) {
    const [, name = '', value = ''] = /^claim:([^=]+)=(.*)$/.exec(rule) ?? [];
    return caller.claims !== undefined && claimIs(caller.claims, name, value);
  }
  if (rule.startsWith('spiffe:')) {
    const [uri] = caller.uris;
    // A comma is where Envoy joins several names, and no character of a SPIFFE ID.
    const isId = uri !== undefined && /^[A-Za-z0-9:/._-]+$/.test(uri) && !/\/\.{1,2}(?:\/|$)/.test(uri);
    return isId && spiffeMatches(rule.split('/'), uri.split('/'));
  }
  const [network = '', length] = rule.split('/');
  const [net, own] = [bitsOf(network), bitsOf(caller.address)];
  const wanted = length === undefined ? net.length : Number(length);
  return net.length === own.length && net.slice(0, wanted) === own.slice(0, wanted);
}

function claimIs(claims: Readonly<Record<string, unknown>>, name: string, value: string): boolean {
  let claim: unknown = claims;
  for (const part of name.startsWith('/') ? name.slice(1).split('/') : [name]) {
    claim = typeof claim === 'object' && claim !== null ? (claim as Record<string, unknown>)[part] : undefined;
  }
  const texts = Array.isArray(claim) ? claim.map(String) : [String(claim)];
  return claim !== undefined && texts.includes(value);
}

function spiffeMatches([want, ...wants]: readonly string[], [has, ...rest]: readonly string[]): boolean {
  if (want === undefined || has === undefined) return want === undefined && has === undefined;
  if (want === '**') return [has, ...rest].every((segment) => segment !== '');
  if (want === '*' ? has === '' : want !== has) return false;
  return spiffeMatches(wants, rest);
}

/** An address as a text of zeros and ones. */
function bitsOf(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [left = '', right] = address.split('::');
  const words = (text: string) => text.split(':').filter((word) => word !== '');
  const behind = right === undefined ? [] : words(right);
  const before = words(left);
  const zeros = Array<string>(8 - before.length - behind.length).fill('0');
  return [...before, ...zeros, ...behind]
    .map((word) => Number.parseInt(word, 16).toString(2).padStart(16, '0'))
    .join('');
}

/** Plain paths alone are allowed: segments of letters, digits and harmless signs, some of them escaped. */
function isAllowed(rule: string, method: string, path: string): boolean {
  const [wantedMethod = '', pattern = ''] = rule.split(' ');
  if (wantedMethod !== '*' && wantedMethod !== method) return false;
  const [bare = ''] = path.split('?');
  if (!/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()*+,=:@ -]+)+\/?$|^\/$/.test(unescaped(bare))) return false;
  const has = bare.slice(1).split('/').map(unescaped);
  const wants = pattern.slice(1).split('/');
  const open = wants.at(-1) === '**';
  if (open) wants.pop();
  if (open ? has.length < wants.length : has.length !== wants.length) return false;
  return wants.every((want, index) => (want === '*' ? has[index] !== '' : unescaped(want) === has[index]));
}

/** A slash that was escaped comes out as a sign that no plain path has. */
function unescaped(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => {
    const sign = String.fromCharCode(Number.parseInt(hex, 16));
    return sign === '/' || sign === '%' ? '\0' : sign;
  });
}
