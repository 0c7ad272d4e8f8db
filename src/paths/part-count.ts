/**
 * More than any form has: servers stop at 1,000 parameters (PHP, Django, Jetty, Tomcat) or at 4,096 (Rack). More than any path has
 * as well: a key of S3, the longest of names in paths, has 1,024 bytes.
 */
const MOST = 4_096;

/** What parts parameters, for some servers at least. */
const PARTING_PARAMETERS = /[&;]/g;

const PARTING_SEGMENTS = /\//g;

/**
 * Why a request of so many parts goes nowhere, as a sentence for the caller; undefined when it may. Each of them is read, in every
 * way in which a server may read it, while all other requests wait.
 *
 * @param path `:path`, with the query.
 */
export function partsFault(path: string): string | undefined {
  if (path.length <= MOST) return undefined;
  const found = path.indexOf('?');
  const query = found < 0 ? path.length : found;
  if (hasMore(PARTING_SEGMENTS, path, 0, query)) {
    return `The path of this request has more than ${MOST} segments. Send a shorter one.`;
  }
  if (hasMore(PARTING_PARAMETERS, path, query, path.length, 1)) {
    return `The query of this request has more than ${MOST} parameters. Send fewer at a time, or send them in the body.`;
  }
  return undefined;
}

/**
 * Whether a stretch of a text has more than {@link MOST} parts.
 *
 * @param before how many parts there are before the first thing that parts.
 */
function hasMore(parting: RegExp, text: string, from: number, to: number, before = 0): boolean {
  let parts = before;
  parting.lastIndex = from;
  while (parting.test(text) && parting.lastIndex <= to) {
    parts += 1;
    if (parts > MOST) return true;
  }
  return false;
}
