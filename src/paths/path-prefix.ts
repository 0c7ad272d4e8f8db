import { PathError } from './path-error.ts';
import { percentEncode } from './percent-encode.ts';

/**
 * The value as a part of one path segment: what RFC 3986 calls `pchar` stays (section 3.3: unreserved, sub-delims, `:`, `@`), all
 * else, `/`, `?`, `#` and `%` among it, is percent-encoded in UTF-8. So a value never adds a segment.
 *
 * A whole segment that comes out empty or as a dot segment is for {@link prefixFault} to find: it depends on the text around.
 *
 * @throws URIError when the value is not well-formed Unicode; its message does not quote the value.
 */
export function encodeSegment(value: string): string {
  return percentEncode(value).replace(/%(?:2[146-9A-C]|3[ABD]|40)/g, decodeURIComponent);
}

/**
 * Why a finished prefix cannot be put before a path; undefined when it can. It must be one or more segments, each begun by `/`,
 * none of them empty or a dot segment (`.`, `..`, also escaped or with path parameters), and no `/` at its end. The words
 * never quote the prefix, which holds a secret.
 */
export function prefixFault(prefix: string): { readonly reason: string; readonly mend: string } | undefined {
  if (!prefix.startsWith('/')) {
    return { reason: 'does not begin with /', mend: 'write it as "/bot{{ token }}"' };
  }
  if (!/^(?:[\w.~!$&'()*+,;=:@/-]|%[0-9a-f]{2})*$/i.test(prefix)) {
    return {
      reason: 'has a character that no path may hold',
      mend: 'percent-encode it, and write neither a query nor a fragment',
    };
  }
  if (/\/(?:;|\/|$)/.test(prefix)) {
    return {
      reason: 'has an empty segment',
      mend: 'write no // and no / at its end, and store no empty value',
    };
  }
  if (climbs(prefix)) {
    return {
      reason: 'has a dot segment, which servers take out of the path',
      mend: 'write no . or .. as a segment, and store no such value',
    };
  }
  return undefined;
}

/**
 * The path with the prefix before it.
 *
 * @param path `:path` as bytes decoded as latin1, one character a byte; so is the result. Its query stays as it is.
 * @param prefix one for which {@link prefixFault} finds nothing.
 * @throws PathError for a path that does not begin with `/`, that has a dot segment (which would take the prefix off again on
 * some server), or that the prefix stands before already.
 */
export function withPrefix(path: string, prefix: string): string {
  if (!path.startsWith('/')) {
    throw new PathError(
      'the path does not begin with /, so no credential can stand before it; request a path of the API',
    );
  }
  if (climbs(beforeQuery(path))) {
    throw new PathError(
      'the path has a dot segment, which could take the credential off it again; write the path without',
    );
  }
  // Envoy has kept the path of an earlier attempt, and not what was said about it.
  if (path.startsWith(`${prefix}/`)) {
    throw new PathError(
      'the path holds the credential already; give the filter metadata_options with attache in receiving_namespaces and forwarding_namespaces',
    );
  }
  return prefix + path;
}

/**
 * The path as the caller sent it: without the segments that an earlier attempt's prefix put before it.
 *
 * @param segments how many the prefix has, 1 or more: see {@link prefixSegments}.
 * @throws PathError when the path has no more than these segments, so that it cannot hold the prefix.
 */
export function withoutPrefix(path: string, segments: number): string {
  const end = beforeQuery(path).length;
  let at = path.startsWith('/') ? 0 : -1;
  for (let taken = 0; taken < segments && at >= 0; taken += 1) at = path.indexOf('/', at + 1);
  if (at < 0 || at >= end) {
    throw new PathError('the path no longer holds the prefix of the attempt before; let nothing else change it');
  }
  return path.slice(at);
}

/** How many segments a finished prefix has. Values hold no raw `/`, so it is the same for every value of a template. */
export function prefixSegments(prefix: string): number {
  return prefix.split('/').length - 1;
}

function beforeQuery(path: string): string {
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

/**
 * Whether some server could read a dot segment here: separators and dots raw, escaped, or escaped several times over, and
 * dots that path parameters, a query or a fragment follow.
 */
function climbs(path: string): boolean {
  return /(?:[/\\]|%(?:25)*(?:2f|5c))(?:\.|%(?:25)*2e){1,2}(?:[/\\;#]|%(?:25)*(?:2f|5c|3b|3f|23)|$)/i.test(path);
}
