import { withoutByteOrderMark, withoutLastNewline } from '../secrets/control-characters.ts';
import { CredentialError } from './credential-error.ts';
import { disguiseOf } from './disguise.ts';

/**
 * The text that is put into a request, from the text that stands in a secret: without the byte order mark and the one newline that
 * files and editors leave at its ends. What else a store, a console or a shell has made of a key is refused.
 *
 * @param what names the text in errors.
 * @throws CredentialError when it is empty, cannot stand in a header, or is plainly not the key that was meant.
 */
export function secretText(text: string, what: string): string {
  const trimmed = withoutLastNewline(withoutByteOrderMark(text));
  if (trimmed === '') throw new CredentialError(`${what} is empty; store the key there`);
  const disguise = disguiseOf(trimmed);
  if (disguise !== undefined) throw new CredentialError(`${what} ${disguise.reason}; ${disguise.mend}`);
  if (!trimmed.isWellFormed()) throw new CredentialError(`${what} is not well-formed Unicode; store it anew`);
  return trimmed;
}
