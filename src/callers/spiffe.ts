import type { Fault } from './fault.ts';

const SCHEME = 'spiffe://';

/** The longest SPIFFE ID, and the longest name of a trust domain, in bytes. */
const LONGEST_ID = 2_048;
const LONGEST_DOMAIN = 255;

const DOMAIN = /^[a-z0-9._-]+$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** As a part of an expression: one segment that is neither `.` nor `..`. */
const ANY_SEGMENT = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+';

/** Which SPIFFE IDs are meant. */
export interface SpiffePattern {
  /** What each of them begins with; all of it for a pattern without wildcards. */
  readonly literal: string;
  /** What they are as a whole. Undefined for a pattern without wildcards. */
  readonly glob: RegExp | undefined;
}

/**
 * The SPIFFE ID in Envoy's attribute `connection.uri_san_peer_certificate`, which is the first URI of the certificate. Undefined for
 * every other URI, and for a value with a comma: where Envoy prints several it joins them with one.
 *
 * @see https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#2-spiffe-identity
 */
export function parseUriSan(text: string): string | undefined {
  if (text.length > LONGEST_ID || !text.startsWith(SCHEME)) return undefined;
  const [domain = '', ...segments] = text.slice(SCHEME.length).split('/');
  const isValid = domain.length <= LONGEST_DOMAIN && DOMAIN.test(domain) && segments.every(isSegment);
  return isValid ? text : undefined;
}

/**
 * Reads a pattern: `*` stands for one segment of the path, `**` at its end for one or more. The trust domain stands for itself
 * alone. Scheme and trust domain are in lower case; the path is compared letter by letter.
 */
export function parseSpiffePattern(text: string): SpiffePattern | Fault {
  const path = text.slice(SCHEME.length);
  if (!text.startsWith(SCHEME)) {
    return text.toLowerCase().startsWith(SCHEME)
      ? { reason: `"${text}" does not begin with ${SCHEME}`, mend: `write the scheme in lower case: ${SCHEME}${path}` }
      : { reason: `"${text}" is no SPIFFE ID`, mend: 'write spiffe://<trust domain>/<path>' };
  }
  if (text.length > LONGEST_ID)
    return { reason: `"${text.slice(0, 40)}…" is too long`, mend: `write ${LONGEST_ID} characters at most` };
  const [domain = '', ...segments] = path.split('/');
  const fault = domainFault(text, domain) ?? pathFault(text, domain, segments);
  if (fault !== undefined) return fault;
  const wild = segments.findIndex((segment) => segment.startsWith('*'));
  if (wild < 0) return { literal: text, glob: undefined };
  const expression = segments.map((segment) => {
    if (segment === '**') return `${ANY_SEGMENT}(?:/${ANY_SEGMENT})*`;
    return segment === '*' ? ANY_SEGMENT : escaped(segment);
  });
  return {
    literal: `${[SCHEME + domain, ...segments.slice(0, wild)].join('/')}/`,
    glob: new RegExp(`^${[escaped(SCHEME + domain), ...expression].join('/')}$`),
  };
}

function isSegment(segment: string): boolean {
  return SEGMENT.test(segment) && segment !== '.' && segment !== '..';
}

function domainFault(text: string, domain: string): Fault | undefined {
  if (domain.includes('*')) {
    return {
      reason: `"${text}" leaves its trust domain open`,
      mend: 'write the trust domain out; a star may stand in the path alone',
    };
  }
  if (DOMAIN.test(domain) && domain.length <= LONGEST_DOMAIN) return undefined;
  const lower = domain.toLowerCase();
  return {
    reason: `"${domain}" is no trust domain`,
    mend:
      lower !== domain && DOMAIN.test(lower)
        ? `write it in lower case: ${lower}`
        : 'write 1 to 255 lower-case letters, digits and .-_, without a port',
  };
}

function pathFault(text: string, domain: string, segments: readonly string[]): Fault | undefined {
  if (segments.length === 0 || (segments.length === 1 && segments[0] === '')) {
    return {
      reason: `"${text}" names a trust domain and no workload`,
      mend: `write ${SCHEME}${domain}/** for all of its workloads`,
    };
  }
  for (const [index, segment] of segments.entries()) {
    if (segment === '**' && index < segments.length - 1) {
      return { reason: `"${text}" has ** before its end`, mend: 'write * for each segment before the last one' };
    }
    if (segment === '*' || segment === '**' || isSegment(segment)) continue;
    if (segment.includes('*')) {
      return {
        reason: `"${text}" has a star within a segment`,
        mend: 'let * stand for a whole segment, between two slashes',
      };
    }
    return {
      reason: segment === '' ? `"${text}" has an empty segment` : `"${segment}" is no segment of a SPIFFE ID`,
      mend: 'write letters, digits and .-_ between single slashes, with none at the end',
    };
  }
  return undefined;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
