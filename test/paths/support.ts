import fc from 'fast-check';

/** A path's bytes as Attaché sees them: UTF-8, one character a byte. */
export const asBytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

/** Queries as programs and attackers write them: pairs, bare names, malformed escapes, any byte. */
export const queries = (names: readonly string[]) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ...names,
          '&',
          '=',
          '+',
          ';',
          '?',
          '%',
          '%zz',
          '%2',
          '%00',
          '%FF',
          '%e2%98%83',
          'a',
          'b',
          '/',
          '#',
        ),
        fc.integer({ min: 0x21, max: 0xff }).map((byte) => String.fromCharCode(byte)),
      ),
      { maxLength: 24 },
    )
    .map((parts) => parts.join(''));

/** Well-formed Unicode, more often of the characters that mean something in a URL. */
export const unicode = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(..."&=+%?#/;.~!'()*$,:@ \0\n2f0aé☃😀"), maxLength: 12 }),
);
