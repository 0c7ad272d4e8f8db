import { isScalar, type Node } from 'yaml';
import { configuration } from '../check/configuration.ts';
import { OF_REFUSALS } from '../check/mutation-rule.ts';
import { findPassages } from '../check/passages.ts';
import { ALWAYS_STRIPPED } from '../credentials/callers-own.ts';
import { AddError } from './add-error.ts';
import { examineReadable, type Readable } from './readable.ts';
import { isSameBut } from './same-tree.ts';

/** A text in which Attaché may write fewer headers than before. */
export interface Narrowed {
  readonly text: string;
  /** The line that changed, from 1. */
  readonly line: number;
  readonly headers: readonly string[];
}

/** Where `attache add` puts names: behind all that envoy/envoy.yaml and `attache init` have there. */
const ADDED = /(?<=x-attache-error)(?:\|:?[a-z0-9_-]+)+$/;

/**
 * Takes the headers of an integration out of the `allow_expression` of the filters that its routes meet, as far as `attache add` put
 * them there and no other integration needs them. Undefined when there are none. The opposite of `allowHeaders`.
 *
 * @param examined the same text, read.
 */
export function takeHeadersBack(text: string, examined: Readable, name: string): Narrowed | undefined {
  const { source, catalogue } = examined;
  const integration = catalogue.get(name);
  if (integration === undefined) return undefined;
  const others = [...catalogue].filter((other) => other !== integration).flatMap(({ mutates }) => mutates);
  const needed = new Set([...ALWAYS_STRIPPED, ...OF_REFUSALS, ...others]);
  const unused = new Set(integration.mutates.filter((header) => !needed.has(header)));
  const expressions = new Set<Node>(
    findPassages(configuration(examined))
      .filter((passage) => passage.integration === integration)
      .flatMap(({ filter }) => source.get(filter?.config, 'mutation_rules', 'allow_expression', 'regex') ?? []),
  );
  let narrowed = text;
  const headers = new Set<string>();
  const rewritten = [...expressions].sort((a, b) => (b.range?.[0] ?? 0) - (a.range?.[0] ?? 0));
  for (const expression of rewritten) {
    if (!isScalar(expression)) continue;
    const end = endOf(expression.type, expression.range?.[1]);
    const added =
      end === undefined ? '' : endsWith(text.slice(0, end), ADDED.exec(String(expression.value))?.[0] ?? '');
    if (end === undefined || added === '') continue;
    const names = added.slice(1).split('|');
    for (const header of names) if (unused.has(header)) headers.add(header);
    const kept = names.filter((header) => !unused.has(header)).map((header) => `|${header}`);
    narrowed = narrowed.slice(0, end - added.length) + kept.join('') + narrowed.slice(end);
  }
  if (headers.size === 0) return undefined;
  const { line } = source.place(rewritten.at(-1));
  const after = examineReadable(source.file, narrowed);
  if (!isSameBut({ rewritten: expressions }, source.root, after.source.root))
    throw new AddError(
      `allow_expression.regex (${source.file}:${line}) cannot be shortened; take |${[...headers].join('|')} out of it by hand`,
    );
  return { text: narrowed, line, headers: [...headers] };
}

/** As many of the last names as a text ends with: those before them may be folded, or escaped. */
function endsWith(text: string, names: string): string {
  let last = names;
  while (!text.endsWith(last)) {
    const next = last.indexOf('|', 1);
    last = next < 0 ? '' : last.slice(next);
  }
  return last;
}

/** Where the text of a scalar ends that stands on one line; undefined for a block of text. */
function endOf(type: string | undefined, end: number | undefined): number | undefined {
  const quotes: Record<string, number> = { PLAIN: 0, QUOTE_DOUBLE: 1, QUOTE_SINGLE: 1 };
  const quote = quotes[type ?? ''];
  return quote === undefined || end === undefined ? undefined : end - quote;
}
