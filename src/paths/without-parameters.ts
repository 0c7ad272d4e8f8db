import { lettersOf } from './letters.ts';

/** How often a name may be escaped over and over and still be read: more than any chain of proxies and frameworks decodes. */
const MOST_ESCAPES = 5;

/**
 * The path without the parameters of these names in its query. Every other byte stays as it is, and doing it again changes nothing;
 * a path without such parameters is returned as it is.
 *
 * A name is taken as any server may read it: with its escapes decoded, several times over too, in any case, with any separators
 * between its letters or none (`api_key`, `apiKey`, `Api-Key`), without what follows a bracket or a zero byte (`api_key[]`).
 * Parameters are parted by `&`, and by `;`, as some servers do.
 *
 * @param path `:path` as bytes decoded as latin1, one character a byte; so is the result.
 * @param letters {@link lettersOf} each name.
 * @param except names that stay where they are written exactly so, decoded, and parted by `&` alone.
 */
export function withoutParameters(
  path: string,
  letters: ReadonlySet<string>,
  except: ReadonlySet<string> = new Set(),
): string {
  const start = path.indexOf('?') + 1;
  if (start === 0) return path;
  const kept: string[] = [];
  let removed = false;
  // Parameters, and between them what parts them.
  const parts = path.slice(start).split(/([&;])/);
  for (let at = 0; at < parts.length; at += 2) {
    const [delimiter, parameter] = [parts[at - 1] ?? '', parts[at] ?? ''];
    const name = parameter.split('=', 1)[0]?.replaceAll('+', ' ') ?? '';
    const stays = delimiter !== ';' && except.has(decoded(name));
    if (!stays && letters.has(readBySomebody(name))) removed = true;
    else kept.push(kept.length === 0 ? parameter : delimiter + parameter);
  }
  if (!removed) return path;
  const query = kept.join('');
  return query === '' ? path.slice(0, start - 1) : path.slice(0, start) + query;
}

function readBySomebody(name: string): string {
  let text = name;
  for (let times = 0; times < MOST_ESCAPES; times += 1) text = decoded(text);
  return lettersOf(/^[^[\0]+/.exec(text)?.[0] ?? text);
}

function decoded(name: string): string {
  return name.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
