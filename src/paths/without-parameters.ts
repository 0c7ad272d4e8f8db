import { lettersOf } from './letters.ts';
import { unescaped } from './unescaped.ts';

/** How often a name may be escaped over and over and still be read: more than any chain of proxies and frameworks decodes. */
const MOST_ESCAPES = 5;

const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;

/** A name that everybody reads alike. */
const PLAIN = /^[a-z0-9]+$/;

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
    if (PLAIN.test(name)) return letters.has(name);
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
    const isOurs = () => path[from - 1] !== ';' && except.has(unescaped(name));
    if (name !== '' && goes(name) && !isOurs()) removed = true;
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
  for (; to < path.length; to += 1) {
    const code = path.charCodeAt(to);
    if (code === AMPERSAND || code === SEMICOLON) break;
  }
  return to;
}

function nameOf(parameter: string): string {
  const end = parameter.indexOf('=');
  return (end < 0 ? parameter : parameter.slice(0, end)).replaceAll('+', ' ');
}

function readBySomebody(name: string): string {
  const text = decodedOver(name);
  // What begins with a bracket is read as it is.
  const end = text.search(/[[\0]/);
  return lettersOf(end > 0 ? text.slice(0, end) : text);
}

function decodedOver(text: string): string {
  let decodedText = text;
  for (let times = 0; times < MOST_ESCAPES && decodedText.includes('%'); times += 1)
    decodedText = unescaped(decodedText);
  return decodedText;
}
