import { readFileSync } from 'node:fs';
import { checkText } from '../../src/check/check-file.ts';

export const FILE = 'envoy.yaml';

/** The repository's own configuration. */
export const WHOLE = readFileSync('envoy/envoy.yaml', 'utf8');

/**
 * The same without what is there for discovery, which has tests of its own and repeats the filter's settings: the tests break it in
 * one place at a time.
 */
export const GOOD = [
  / {4}attache:\n {6}discovery: .*\n/,
  / {12}- name: attache {16}#[\s\S]*?(?=\n {12}#)/,
  / {10}- name: discovery [\s\S]*?(?= {10}- name)/,
].reduce((text, part) => {
  if (!part.test(text)) throw new Error(`nothing to cut: ${part}`);
  return text.replace(part, '');
}, WHOLE);

/** One edit of a text. Fails when there is nothing to edit, so that a test cannot pass by accident. */
export function edited(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`nothing to edit: ${JSON.stringify(from)} is not there`);
  return text.replace(from, () => to);
}

/** `line:column` of the first place where a snippet stands. */
export function placeOf(text: string, snippet: string): string {
  const offset = text.indexOf(snippet);
  if (offset < 0) throw new Error(`${JSON.stringify(snippet)} is not there`);
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** What a check says of a text: `line:column: severity: reason`, without the mends. */
export async function findings(text: string): Promise<string[]> {
  const problems = await checkText(FILE, text);
  return problems.map(({ line, column, severity, reason }) => `${line}:${column}: ${severity}: ${reason}`);
}
