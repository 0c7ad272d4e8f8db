import type { Problem } from '../integrations/problem.ts';
import { namedPlace, withoutDump } from './named-place.ts';
import { type Bytes, readBytes } from './read-bytes.ts';

/** How much of Envoy's words is repeated. */
const MOST_WORDS = 500;

/**
 * Why Envoy does not take routes, with the place in the file that its words name: a domain, a virtual host, a cluster. It gives no line.
 *
 * @param version of the file with these routes; another one by now is not looked at.
 */
export async function rejection(file: string, version: string, words: string): Promise<Problem> {
  return {
    file,
    ...placeOf(await readBytes(file), version, words),
    severity: 'error',
    reason: `Envoy does not take these routes (${withoutDump(words).slice(0, MOST_WORDS)})`,
    mend: 'mend what it names; until then Envoy keeps the routes before',
  };
}

function placeOf(found: Bytes, version: string, words: string): { readonly line: number; readonly column: number } {
  const isSame = found.version === version && !('problem' in found);
  return (isSame && namedPlace(new TextDecoder().decode(found.bytes), words)) || { line: 1, column: 1 };
}
