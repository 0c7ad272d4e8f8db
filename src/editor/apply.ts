import { settle } from '../add/settle.ts';
import { readerOf } from '../add/taken-over.ts';
import { writeAtomically } from '../add/write-atomically.ts';
import { readText } from '../integrations/read-catalogue.ts';
import type { Edit } from './draft.ts';

/** How long to wait until an edit is in use, in ms: who looks at a page waits longer than who has typed a command. */
const PATIENCE = 60_000;

/** What became of an edit. `written` says why it is not in use yet. */
export type Applied =
  | { readonly kind: 'in use' }
  | { readonly kind: 'written'; readonly message: string }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/**
 * Writes an edit and waits until the Attaché that runs, and its Envoy, have taken it over. When they refuse it, the file is as it was,
 * unless somebody has edited it meanwhile.
 *
 * @param admin `host:port` of the admin server that tells it.
 */
export async function apply(file: string, { before, after, isLive, widened }: Edit, admin: string): Promise<Applied> {
  if (readText(file) !== before)
    return { kind: 'refused', problems: [`${file} has been edited meanwhile; look at the route again`] };
  const reader = await readerOf(admin, before);
  try {
    writeAtomically(file, after);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { kind: 'refused', problems: [`${file} cannot be written (${reason}); let Attaché write to its folder`] };
  }
  if (reader === undefined) return { kind: 'written', message: 'Attaché has not yet taken over the edit before it.' };
  const outcome = await settle(file, { before, after }, reader, PATIENCE);
  if (outcome.kind === 'refused') return outcome;
  if (outcome.kind === 'late') return { kind: 'written', message: 'It is not in use yet; see the status page.' };
  if (!isLive) return { kind: 'written', message: 'Restart Envoy, which reads these routes when it starts.' };
  if (widened.length > 0)
    return { kind: 'written', message: `Restart Envoy, so that Attaché may write ${widened.join(', ')}.` };
  return { kind: 'in use' };
}
