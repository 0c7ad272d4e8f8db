import { hasControlCharacter, withoutLastNewline } from '../secrets/control-characters.ts';
import { CredentialError } from './credential-error.ts';

/**
 * The text that is put into a header, from the text that stands in a secret: without the one newline that files and
 * editors leave at the end.
 *
 * @param what names the text in errors.
 * @throws CredentialError when it is empty, or holds a control character or half a character.
 */
export function secretText(text: string, what: string): string {
  const trimmed = withoutLastNewline(text);
  if (trimmed === '') throw new CredentialError(`${what} is empty; store the key there`);
  if (hasControlCharacter(trimmed)) {
    throw new CredentialError(
      `${what} holds a line break or another control character, which no header may; store it without`,
    );
  }
  if (!trimmed.isWellFormed()) throw new CredentialError(`${what} is not well-formed Unicode; store it anew`);
  return trimmed;
}
