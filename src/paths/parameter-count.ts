/** More than any form has: servers stop at 1,000 (PHP, Django, Jetty, Tomcat) or at 4,096 (Rack). */
const MOST_PARAMETERS = 4_096;

/** What parts parameters, for some servers at least. */
const PARTING = /[&;]/g;

/**
 * Why a request with so many parameters goes nowhere, as a sentence for the caller; undefined when it may. Each of them is read, in
 * every way in which a server may read it, while all other requests wait.
 *
 * @param path `:path`, with the query.
 */
export function parametersFault(path: string): string | undefined {
  if (path.length <= MOST_PARAMETERS) return undefined;
  const query = path.indexOf('?');
  if (query < 0) return undefined;
  let parts = 0;
  PARTING.lastIndex = query;
  while (PARTING.test(path)) {
    parts += 1;
    if (parts < MOST_PARAMETERS) continue;
    return `The query of this request has more than ${MOST_PARAMETERS} parameters. Send fewer at a time, or send them in the body.`;
  }
  return undefined;
}
