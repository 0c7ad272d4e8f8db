import { PathError } from './path-error.ts';
import { percentEncode } from './percent-encode.ts';
import { unescaped } from './unescaped.ts';

/**
 * The path with exactly one query parameter `name`, which holds `value`. All that the path has under this name go; ours stands
 * in the place of the first of them, else at the end. So a value put in by an earlier attempt is replaced, and applying this
 * again with another value gives what that value alone would have given. Every other byte stays as it is.
 *
 * Parameters are parted by `&` alone, and their names read as forms write them: `+` is a blank, escapes are decoded, malformed
 * ones are text (WHATWG URL, application/x-www-form-urlencoded parsing). A name in another case is another name.
 *
 * @param path `:path` as bytes decoded as latin1, one character a byte; so is the result.
 * @param name the parameter's name, any well-formed Unicode.
 * @param value its value, any well-formed Unicode.
 * @throws PathError for a path that does not begin with `/`, such as the `*` of OPTIONS: it has no query, so the request would
 * go on without its credential.
 * @throws URIError when the name or the value is not well-formed Unicode.
 */
export function replaceQueryParameter(path: string, name: string, value: string): string {
  if (!path.startsWith('/')) {
    throw new PathError(
      'the path does not begin with /, so it has no query for the credential; request a path of the API',
    );
  }
  const ours = `${percentEncode(name)}=${percentEncode(value)}`;
  const start = path.indexOf('?') + 1;
  if (start === 0) return `${path}?${ours}`;
  const query = path.slice(start);
  if (query === '') return path + ours;

  const wanted = Buffer.from(name, 'utf8').toString('latin1');
  const kept: string[] = [];
  let placed = false;
  for (const parameter of query.split('&')) {
    if (parameter === '' || nameOf(parameter) !== wanted) kept.push(parameter);
    else if (!placed) {
      kept.push(ours);
      placed = true;
    }
  }
  if (!placed) kept.push(ours);
  return path.slice(0, start) + kept.join('&');
}

/** The decoded bytes of a parameter's name, one character a byte. */
function nameOf(parameter: string): string {
  const end = parameter.indexOf('=');
  const name = end < 0 ? parameter : parameter.slice(0, end);
  return unescaped(name.replaceAll('+', ' '));
}
