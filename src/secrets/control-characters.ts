/** Control characters: none of them may stand in a header (RFC 9110, section 5.5), and none belongs in a key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const CONTROL = /[\x00-\x1f\x7f]/;

/** The text without the one newline that files and editors leave at its end. */
export function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}

/** The text without the byte order mark that editors and PowerShell put before what they write in Unicode. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** Whether a text has a control character, a line break for example. */
export function hasControlCharacter(text: string): boolean {
  return CONTROL.test(text);
}
