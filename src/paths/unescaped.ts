/** What a hexadecimal digit is worth, by its code; undefined for every other character. */
const DIGITS: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? undefined : value;
});

/**
 * Text without its percent escapes, each of which stands for one character (RFC 3986, section 2.1). Malformed ones are text.
 * A caller may send tens of thousands of them, so nothing is called for each.
 *
 * @param text bytes decoded as latin1, one character a byte; so is the result.
 */
export function unescaped(text: string): string {
  let at = text.indexOf('%');
  if (at < 0) return text;
  let result = '';
  let from = 0;
  while (at >= 0) {
    const high = DIGITS[text.charCodeAt(at + 1)];
    const low = DIGITS[text.charCodeAt(at + 2)];
    if (high === undefined || low === undefined) {
      at = text.indexOf('%', at + 1);
    } else {
      result += text.slice(from, at) + String.fromCharCode(high * 16 + low);
      from = at + 3;
      at = text.indexOf('%', from);
    }
  }
  return result + text.slice(from);
}
