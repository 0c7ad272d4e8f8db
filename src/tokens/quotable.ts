/** How much is quoted at most, in characters. */
const LONGEST = 200;

/** What shares so many characters in a row with a secret repeats it, or a part of it. */
const TELLING = 8;

/** What looks like a token, a key or a digest: long, without blanks, and with a digit in it. */
const TOKEN_LIKE = /(?=[\w+/=.~-]*\d)[\w+/=.~-]{20,}/g;

/**
 * What may be told of a text that an endpoint has written, which may repeat what was sent to it.
 *
 * @param secrets what was sent and nobody may see.
 * @returns one line; undefined when the text has something in common with a secret, or nothing to say.
 */
export function quotable(text: string, secrets: readonly string[]): string | undefined {
  const line = text
    .slice(0, LONGEST)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  if (line === '' || secrets.some((secret) => repeats(text.slice(0, LONGEST + TELLING), secret))) return undefined;
  return line.replace(TOKEN_LIKE, '…');
}

function repeats(text: string, secret: string): boolean {
  const width = Math.min(TELLING, secret.length);
  if (width === 0) return false;
  for (let at = 0; at + width <= text.length; at += 1) if (secret.includes(text.slice(at, at + width))) return true;
  return false;
}
