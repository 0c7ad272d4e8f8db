import { isScalar } from 'yaml';
import { configuration } from '../check/configuration.ts';
import { mayWrite } from '../check/mutation-rule.ts';
import { findPassages } from '../check/passages.ts';
import { AddError } from './add-error.ts';
import { examineReadable, type Readable } from './readable.ts';
import { isSameBut } from './same-tree.ts';

/** A text in which Attaché may write more headers than before. */
export interface Widened {
  readonly text: string;
  /** The line that changed, from 1. */
  readonly line: number;
  readonly headers: readonly string[];
}

/**
 * Lets Attaché write the headers of an integration, in the `allow_expression` of the filter that its route meets. Undefined
 * when it may write them already, or when nothing can be done here, which the check of the whole file explains.
 *
 * @param examined the same text, read.
 * @throws AddError when the expression stands in the file in a way that cannot be extended.
 */
export function allowHeaders(text: string, examined: Readable, name: string): Widened | undefined {
  const { source } = examined;
  const { file } = source;
  const integration = examined.catalogue.get(name);
  const filter = findPassages(configuration(examined)).find((passage) => passage.integration?.name === name)?.filter;
  const rules = source.get(filter?.config, 'mutation_rules');
  const expression = source.get(rules, 'allow_expression', 'regex');
  const may = mayWrite(source, rules);
  const headers = [...new Set(integration?.mutates ?? [])].filter((header) => !may(header));
  if (headers.length === 0 || expression === undefined) return undefined;

  const { line } = source.place(expression);
  const quotes = { PLAIN: 0, QUOTE_DOUBLE: 1, QUOTE_SINGLE: 1 };
  const quote = isScalar(expression) ? quotes[expression.type as keyof typeof quotes] : undefined;
  const end = expression.range?.[1];
  if (quote === undefined || end === undefined || headers.some((header) => !/^:?[a-z0-9_-]+$/.test(header)))
    throw new AddError(
      `Attaché may not write ${headers.join(', ')}; add it to allow_expression.regex (${file}:${line})`,
    );
  const at = end - quote;
  const widened = `${text.slice(0, at)}|${headers.join('|')}${text.slice(at)}`;
  const after = examineReadable(file, widened);
  if (!isSameBut({ rewritten: new Set([expression]) }, source.root, after.source.root))
    throw new AddError(
      `allow_expression.regex (${file}:${line}) cannot be extended; add |${headers.join('|')} to it by hand`,
    );
  return { text: widened, line, headers };
}
