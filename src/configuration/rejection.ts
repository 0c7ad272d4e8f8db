import type { Problem } from '../integrations/problem.ts';
import { type Bytes, readBytes } from './read-bytes.ts';

/** How much of Envoy's words is repeated. */
const MOST_WORDS = 500;

/** From here on Envoy's words are a dump of everything that it was given, up to what they end with. */
const DUMP = /\(?\s*(?:goo\.gle\/debug\w*|name: ")[\s\S]*?(?=\)?:\s[^:]*$|$)/;

/**
 * Why Envoy does not take routes, with the place in the file that its words name: a domain, a virtual host, a cluster. It gives no line.
 *
 * @param version of the file with these routes; another one by now is not looked at.
 */
export async function rejection(file: string, version: string, words: string): Promise<Problem> {
  const reason = words.replace(DUMP, '').replaceAll(/\s+/g, ' ').trim().slice(0, MOST_WORDS);
  return {
    file,
    ...placeOf(await readBytes(file), version, words),
    severity: 'error',
    reason: `Envoy does not take these routes (${reason})`,
    mend: 'mend what it names; until then Envoy keeps the routes before',
  };
}

function placeOf(found: Bytes, version: string, words: string): { readonly line: number; readonly column: number } {
  if (found.version !== version || 'problem' in found) return { line: 1, column: 1 };
  const lines = new TextDecoder().decode(found.bytes).split('\n');
  // Of a thing that is there twice, the second one is too much.
  const isDoubled = /duplicate|only unique|twice/i.test(words);
  for (const name of namesIn(words)) {
    const stands = new RegExp(`(?<![\\w.-])${name.replaceAll(/[^\w]/g, '\\$&')}(?![\\w.-])`);
    const index = isDoubled
      ? lines.findLastIndex((line) => stands.test(withoutComment(line)))
      : lines.findIndex((line) => stands.test(withoutComment(line)));
    if (index >= 0) return { line: index + 1, column: Math.max(0, lines[index]?.search(stands) ?? 0) + 1 };
  }
  return { line: 1, column: 1 };
}

/** What Envoy's words name: in quotes, or behind the word that says what it is. */
function namesIn(words: string): string[] {
  const quoted = [...words.matchAll(/['"`]([^'"`\s]{1,253})['"`]/g)].map(([, name]) => name ?? '');
  const named = [...words.matchAll(/\b(?:domain|cluster|virtual host|name):? ([^\s'"`,;]{1,253})/gi)].map(([, name]) =>
    (name ?? '').replace(/[.:]$/, ''),
  );
  return [...named, ...quoted].filter((name) => name.length > 1);
}

function withoutComment(line: string): string {
  return line.replace(/(?:^|\s)#.*$/, '');
}
