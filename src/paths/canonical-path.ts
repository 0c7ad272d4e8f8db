/** What becomes of characters that some servers cut or part a path at: `/`, `?`, `#` escaped, and `;` raw or escaped. */
export interface CanonicalPathOptions {
  /**
   * `refused` (default): the path is refused. `text`: each stays a character of its segment, as RFC 3986 reads it; only for a
   * caller who compares the first segments with texts that hold none of them, and lets pass whatever follows. A server of another
   * reading then sees the same first segments.
   */
  readonly delimiters?: 'refused' | 'text';
}

/** A path of which each segment is plain: nothing to decode, nothing that servers differ on, no dot at a segment's start. */
const PLAIN = /^(?:\/[\w~!$&'()*+,=:@-][\w~!$&'()*+,=:@.-]*)*\/?$/;

/**
 * More marks on one character than any language has. To put a run of them in order takes time by the square of its length. The
 * sound marks of half-width katakana become marks when they are folded.
 *
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
 */
const TOO_MANY_MARKS = /[\p{M}\uff9e\uff9f]{31}/u;

/**
 * The segments of a path in the one reading that rules are matched on: the query cut off, percent-escapes decoded, text in
 * Unicode. Undefined, which means that the request is to be refused, for every path that servers read in more than one way.
 *
 * `/v1/a%20b?c=d` is `['v1', 'a b']`. One slash at the end is an empty last segment: `/v1/` is `['v1', '']`, and `/` is `['']`.
 *
 * Refused are: a path that does not begin with `/`; empty segments (`//`); dot segments, and segments of dots and blanks alone
 * (some servers cut blanks and dots off an end); backslashes; `#`, raw blanks and control characters; malformed escapes and
 * bytes that are not UTF-8, overlong ones among them; what a second decoding would change (`%252e`); path parameters, since servlet
 * containers take `;…` away and others do not; an escaped `/`, `?`, `#` or `;`; more than 30 marks on one character; and characters
 * that Unicode's compatibility forms or the removal of invisible ones turn into a slash, a backslash or a dot segment. Raw bytes
 * outside ASCII are read like escaped ones.
 *
 * @param path `:path` as bytes decoded as latin1, one character a byte.
 * @see RFC 3986, sections 3.3 and 6.2.2
 */
export function canonicalSegments(
  path: string,
  { delimiters = 'refused' }: CanonicalPathOptions = {},
): readonly string[] | undefined {
  const query = path.indexOf('?');
  const raw = query < 0 ? path : path.slice(0, query);
  if (!raw.startsWith('/')) return undefined;
  const segments = raw.slice(1).split('/');
  if (PLAIN.test(raw)) return segments;
  if (/[ #]/.test(raw)) return undefined;
  const last = segments.length - 1;
  for (const [index, segment] of segments.entries()) {
    if (segment === '' && index === last) continue;
    const text = decoded(segment);
    if (text === undefined || /[\\\p{Cc}]/u.test(text) || /%(?:[0-9a-f]{2}|u[0-9a-f]{4})/i.test(text)) return undefined;
    if (delimiters === 'refused' && /[/?#;]/.test(text)) return undefined;
    if (text.split('/').some(isAmbiguous)) return undefined;
    segments[index] = text;
  }
  return segments;
}

/** The text of a segment's bytes, escaped or not; undefined when an escape is malformed or the bytes are not UTF-8. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`));
  } catch {
    return undefined;
  }
}

/** Whether a server might drop this segment, climb by it, or see more than one in it. */
function isAmbiguous(text: string): boolean {
  if (isDotsOrNothing(text)) return true;
  if (/^[\x20-\x7e]*$/.test(text)) return false;
  const visible = text.replace(/\p{Default_Ignorable_Code_Point}/gu, '');
  if (TOO_MANY_MARKS.test(visible)) return true;
  const folded = visible.normalize('NFKC');
  return /[/\\]/.test(folded) || isDotsOrNothing(folded);
}

/** Empty, or dots and blanks alone, perhaps with a delimiter behind the dots, where a server may cut. */
function isDotsOrNothing(text: string): boolean {
  return /^[.\s]*$/.test(text) || /^\.[\s.]*[;?#]/.test(text) || text.startsWith(';');
}
