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
  if (start === 0 || !mayHold(path.slice(start), letters)) return path;
  // A caller may send one name ten thousand times.
  const known = new Map<string, boolean>();
  const goes = (name: string): boolean => {
    let is = known.get(name);
    if (is === undefined) {
      is = letters.has(readBySomebody(name));
      known.set(name, is);
    }
    return is;
  };
  const kept: string[] = [];
  let removed = false;
  for (let from = start; from <= path.length; ) {
    const to = endOfParameter(path, from);
    const name = nameOf(path.slice(from, to));
    const stays = path[from - 1] !== ';' && except.has(decoded(name));
    if (name !== '' && !stays && goes(name)) removed = true;
    else kept.push(path.slice(kept.length === 0 ? from : from - 1, to));
    from = to + 1;
  }
  if (!removed) return path;
  const query = kept.join('');
  return query === '' ? path.slice(0, start - 1) : path.slice(0, start) + query;
}

/**
 * Whether some part of a query can be one of these names, which few can: no letter of a name is lost or made by what parts
 * parameters, so the letters of the whole hold those of each name.
 */
function mayHold(query: string, letters: ReadonlySet<string>): boolean {
  const all = lettersOf(decodedOver(query));
  for (const name of letters) if (all.includes(name)) return true;
  return false;
}

/** Where the parameter ends that begins there: at what parts it from the next, or at the end. */
function endOfParameter(path: string, from: number): number {
  let to = from;
  while (to < path.length && path[to] !== '&' && path[to] !== ';') to += 1;
  return to;
}

function nameOf(parameter: string): string {
  const end = parameter.indexOf('=');
  return (end < 0 ? parameter : parameter.slice(0, end)).replaceAll('+', ' ');
}

function readBySomebody(name: string): string {
  const text = decodedOver(name);
  return lettersOf(/^[^[\0]+/.exec(text)?.[0] ?? text);
}

function decodedOver(text: string): string {
  let decodedText = text;
  for (let times = 0; times < MOST_ESCAPES && decodedText.includes('%'); times += 1) decodedText = decoded(decodedText);
  return decodedText;
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
