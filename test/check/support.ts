import { readFileSync } from 'node:fs';
import { checkText } from '../../src/check/check-file.ts';

export const FILE = 'envoy.yaml';

/** The repository's own configuration. */
export const WHOLE = readFileSync('envoy/envoy.yaml', 'utf8');

/**
 * The same without what is there for discovery and for the express lane, which have tests of their own and repeat the filter's
 * settings: the tests break it in one place at a time.
 */
export const GOOD = [
  / {4}attache:\n {6}discovery: .*\n/,
  / {12}- name: attache {16}#[\s\S]*?(?=\n {12}#)/,
  / {10}- name: discovery [\s\S]*?(?= {10}- name)/,
  / {6}secrets: &pushed_by_attache [\s\S]*?(?= {4}attache:|\n\n)/,
  / {2}- name: internet_express [\s\S]*?(?=\nlayered_runtime)/,
  / &any_host/,
  / &verified_tls/,
  / &connections/,
  / &verified_names/,
  ...['asked', 'answers', 'final_answer', 'no_trailers', 'upstream_codec'].map(
    (anchor) => new RegExp(`&${anchor}\\n +(?=name)`),
  ),
].reduce((text, part) => {
  if (!part.test(text)) throw new Error(`nothing to cut: ${part}`);
  return text.replace(part, '');
}, WHOLE);

/** The filter on the cluster: what is edited stands there if it stands there at all, else where it stands first. */
const FILTER = { from: 'name: attache                    #', to: 'name: final_answer' };

function offsetOf(text: string, snippet: string): number {
  const [from, to] = [text.indexOf(FILTER.from), text.indexOf(FILTER.to)];
  const within = from < 0 ? -1 : text.slice(from, to).indexOf(snippet);
  const offset = within < 0 ? text.indexOf(snippet) : from + within;
  if (offset < 0) throw new Error(`${JSON.stringify(snippet)} is not there`);
  return offset;
}

/** One edit of a text. Fails when there is nothing to edit, so that a test cannot pass by accident. */
export function edited(text: string, from: string, to: string): string {
  const offset = offsetOf(text, from);
  return text.slice(0, offset) + to + text.slice(offset + from.length);
}

/** `line:column` of a place where a snippet stands. */
export function placeOf(text: string, snippet: string): string {
  const before = text.slice(0, offsetOf(text, snippet)).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** What a check says of a text: `line:column: severity: reason`, without the mends. */
export async function findings(text: string): Promise<string[]> {
  const problems = await checkText(FILE, text);
  return problems.map(({ line, column, severity, reason }) => `${line}:${column}: ${severity}: ${reason}`);
}
