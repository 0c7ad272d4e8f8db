import { readText } from '../integrations/read-catalogue.ts';
import type { Outcome, Reader } from './taken-over.ts';
import { writeAtomically } from './write-atomically.ts';

/**
 * Waits until an edit that was written is taken over. When it is refused, the file is as it was, unless somebody has edited it
 * meanwhile.
 *
 * @param patience in ms; that of {@link Reader.takes} unless given.
 */
export async function settle(
  file: string,
  { before, after }: { readonly before: string; readonly after: string },
  reader: Reader,
  patience?: number,
): Promise<Outcome> {
  const outcome = await reader.takes(after, patience);
  if (outcome.kind === 'refused' && readText(file) === after) writeAtomically(file, before);
  return outcome;
}
