/** From here on Envoy's words are a dump of everything that it was given, up to what they end with. */
const DUMP = /\(?\s*(?:goo\.gle\/debug\w*|name: ")[\s\S]*?(?=\)?:\s[^:]*$|$)/;

/** Envoy's words without the dump of what it was given, in one line. */
export function withoutDump(words: string): string {
  return words.replace(DUMP, '').replaceAll(/\s+/g, ' ').trim();
}

/**
 * Where a text has what Envoy's words name: a domain, a virtual host, a cluster. Comments do not count.
 *
 * @param names to be looked for besides, and first.
 * @returns undefined when nothing of it stands there.
 */
export function namedPlace(
  text: string,
  words: string,
  names: readonly string[] = [],
): { readonly line: number; readonly column: number } | undefined {
  const lines = text.split('\n');
  // Of a thing that is there twice, the second one is too much.
  const isDoubled = /duplicate|only unique|twice/i.test(words);
  for (const name of [...names, ...namesIn(words)]) {
    const stands = new RegExp(`(?<![\\w.-])${name.replaceAll(/[^\w]/g, '\\$&')}(?![\\w.-])`);
    const index = isDoubled
      ? lines.findLastIndex((line) => stands.test(withoutComment(line)))
      : lines.findIndex((line) => stands.test(withoutComment(line)));
    if (index >= 0) return { line: index + 1, column: Math.max(0, lines[index]?.search(stands) ?? 0) + 1 };
  }
  return undefined;
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
