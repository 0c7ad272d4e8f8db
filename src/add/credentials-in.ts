import type { Credential } from '../credentials/kind.ts';
import { KINDS } from '../credentials/kinds.ts';
import type { CredentialBlock } from '../vendors/vendor.ts';

/** The credentials that a block asks for, ready to be asked about. What is not valid is left out. */
export function credentialsIn(block: CredentialBlock): readonly Credential[] {
  return Object.entries(block).flatMap(([key, value]) => {
    const parsed = KINDS.find((kind) => kind.key === key)?.schema.safeParse(value);
    return parsed?.success === true ? [parsed.data] : [];
  });
}
