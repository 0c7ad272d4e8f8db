/**
 * The text in UTF-8 with every byte outside RFC 3986's unreserved set (section 2.3: letters, digits, `-`, `.`, `_`, `~`)
 * percent-encoded, in upper-case hexadecimal digits.
 *
 * @throws URIError when the text is not well-formed Unicode; its message does not quote the text.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
