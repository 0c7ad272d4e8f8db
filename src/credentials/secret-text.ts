import { CredentialError } from './credential-error.ts';

/** Control characters: none of them may stand in a header (RFC 9110, section 5.5), and none belongs in a key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * The text that is put into a header, from the text that stands in a secret: without the one newline that files and
 * editors leave at the end.
 *
 * @param what names the text in errors.
 * @throws CredentialError when it is empty, or holds a control character or half a character.
 */
export function secretText(text: string, what: string): string {
  const trimmed = text.replace(/\r?\n$/, '');
  if (trimmed === '') throw new CredentialError(`${what} is empty; store the key there`);
  if (CONTROL.test(trimmed)) {
    throw new CredentialError(
      `${what} holds a line break or another control character, which no header may; store it without`,
    );
  }
  if (!trimmed.isWellFormed()) throw new CredentialError(`${what} is not well-formed Unicode; store it anew`);
  return trimmed;
}
