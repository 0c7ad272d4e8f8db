// Random values and random ways to write them, for property tests.
import fc from 'fast-check';

type Encoder = (character: string) => string;

const bytes = (character: string) => [...Buffer.from(character, 'utf8')];
const raw: Encoder = (character) => Buffer.from(character, 'utf8').toString('latin1');
const hex = (code: number, width: number) => code.toString(16).padStart(width, '0');
const percent: Encoder = (character) =>
  bytes(character)
    .map((byte) => `%${hex(byte, 2)}`)
    .join('');
const json: Encoder = (character) =>
  character
    .split('')
    .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
const upper =
  (encoder: Encoder): Encoder =>
  (character) =>
    encoder(character).replace(/[0-9a-f]{2,}/g, (digits) => digits.toUpperCase());
const code = (character: string) => character.codePointAt(0) ?? 0;
const ascii =
  (encoder: Encoder): Encoder =>
  (character) =>
    code(character) < 0x80 ? encoder(character) : raw(character);
const punctuation =
  (encoder: Encoder): Encoder =>
  (character) =>
    /^[!-/:-@[-`{-~]$/.test(character) ? encoder(character) : raw(character);
const entities: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  '/': 'sol',
};

/** Ways to write one character. */
export const encoders: Readonly<Record<string, Encoder>> = {
  raw,
  percent,
  'percent, upper case': upper(percent),
  'percent, twice': (character) => percent(character).replaceAll('%', '%25'),
  json,
  'json, upper case': upper(json),
  'json in json': (character) => json(character).replaceAll('\\', '\\\\'),
  'json in a URL': (character) =>
    code(character) > 0xffff ? json(character) : json(character).replaceAll('\\', '%5C'),
  'bytes in JavaScript': (character) =>
    bytes(character)
      .map((byte) => `\\x${hex(byte, 2)}`)
      .join(''),
  octal: ascii((character) => `\\${code(character).toString(8).padStart(3, '0')}`),
  'code point in JavaScript': (character) => `\\u{${hex(code(character), 1)}}`,
  'backslash before punctuation': punctuation((character) => `\\${character}`),
  'two levels of JSON before punctuation': punctuation((character) => `\\\\\\${character}`),
  html: (character) => `&#${code(character)};`,
  'html with zeros': ascii((character) => `&#0${code(character)};`),
  'html without semicolon': (character) => `&#${code(character)}`,
  'html, hexadecimal': (character) => `&#x${hex(code(character), 2)};`,
  'html, hexadecimal, upper case': (character) => `&#X${hex(code(character), 4).toUpperCase()};`,
  'html in html': (character) => `&amp;#${code(character)};`,
  'html in json': (character) => `\\u0026#${code(character)};`,
  'html by name': (character) => (entities[character] ? `&${entities[character]};` : raw(character)),
  form: (character) => (character === ' ' ? '+' : raw(character)),
  'Latin-1 taken for characters': (character) => Buffer.from(raw(character), 'utf8').toString('latin1'),
};

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-') },
  { weight: 2, arbitrary: fc.constantFrom(...` !"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`) },
  { weight: 1, arbitrary: fc.constantFrom('é', 'ß', 'Ж', '語', '😀', '𝔘') },
);

/** A value of 8 to 40 characters, most of them of the kinds that keys consist of. */
export const value = fc.array(character, { minLength: 8, maxLength: 40 }).map((characters) => characters.join(''));

/** A value that repeats itself, so that its occurrences overlap and begin again within themselves. */
export const repetitive = fc
  .tuple(fc.constantFrom('a', 'ab', 'aab', '\\', '%2', '&'), fc.integer({ min: 8, max: 14 }))
  .map(([unit, length]) => unit.repeat(length).slice(0, length));

/** A way to write a value with each character in an encoding of its own. */
export const mixed = fc
  .array(fc.constantFrom(...Object.values(encoders)), { minLength: 40, maxLength: 40 })
  .map(
    (chosen) => (text: string) =>
      Buffer.from([...text].map((one, index) => (chosen[index] ?? raw)(one)).join(''), 'latin1'),
  );

/** A way to write a value in one encoding. */
export const uniform = fc
  .constantFrom(...Object.values(encoders))
  .map((encoder) => (text: string) => Buffer.from([...text].map(encoder).join(''), 'latin1'));

const wrapped = (text: string, lineEnd: string) => text.replace(/.{20}/g, (line) => line + lineEnd);

/** A way to write a value in base64, somewhere within other bytes. */
export const base64 = fc
  .record({
    before: fc.uint8Array({ maxLength: 7 }),
    after: fc.uint8Array({ maxLength: 7 }),
    alphabet: fc.constantFrom('base64', 'base64url'),
    padding: fc.boolean(),
    within: fc.constantFrom(
      (text: string) => text,
      (text: string) => encodeURIComponent(text),
      (text: string) => text.replaceAll('/', '\\/'),
      (text: string) => text.replaceAll('+', '\\u002b').replaceAll('=', '\\u003d'),
      (text: string) => text.replaceAll('+', '&#x2B;'),
      (text: string) => wrapped(text, '\n'),
      (text: string) => wrapped(text, '\r\n'),
      (text: string) => wrapped(text, '\\n'),
    ),
  })
  .map(({ before, after, alphabet, padding, within }) => (text: string) => {
    const plain = Buffer.concat([before, Buffer.from(text, 'utf8'), after]).toString(alphabet as 'base64');
    return Buffer.from(within(padding ? plain : plain.replace(/=+$/, '')), 'latin1');
  });

/** A way to write a value in hexadecimal digits. */
export const hexadecimal = fc
  .record({ upper: fc.boolean(), separator: fc.constantFrom('', ':', '-', ' ') })
  .map(({ upper, separator }) => (text: string) => {
    const digits = bytes(text).map((byte) => hex(byte, 2));
    return Buffer.from(upper ? digits.join(separator).toUpperCase() : digits.join(separator), 'latin1');
  });

/** Any way to write a value. */
export const encoding = fc.oneof(
  { weight: 5, arbitrary: mixed },
  uniform,
  { weight: 2, arbitrary: base64 },
  hexadecimal,
);
