import type { Graph } from './graph.ts';

/** Letters that stand for control characters after a backslash (RFC 8259, section 7). */
const CONTROL_LETTERS: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' };

/** Names of ASCII characters after an ampersand (HTML Living Standard, section 13.5). */
const ENTITIES: Readonly<Record<string, readonly string[]>> = {
  '\t': ['Tab'],
  '\n': ['NewLine'],
  '!': ['excl'],
  '"': ['quot', 'QUOT'],
  '#': ['num'],
  $: ['dollar'],
  '%': ['percnt'],
  '&': ['amp', 'AMP'],
  "'": ['apos'],
  '(': ['lpar'],
  ')': ['rpar'],
  '*': ['ast', 'midast'],
  '+': ['plus'],
  ',': ['comma'],
  '.': ['period'],
  '/': ['sol'],
  ':': ['colon'],
  ';': ['semi'],
  '<': ['lt', 'LT'],
  '=': ['equals'],
  '>': ['gt', 'GT'],
  '?': ['quest'],
  '@': ['commat'],
  '[': ['lsqb', 'lbrack'],
  '\\': ['bsol'],
  ']': ['rsqb', 'rbrack'],
  '^': ['Hat'],
  _: ['lowbar', 'UnderBar'],
  '`': ['grave', 'DiacriticalGrave'],
  '{': ['lcub', 'lbrace'],
  '|': ['verbar', 'vert', 'VerticalLine'],
  '}': ['rcub', 'rbrace'],
};

/** How often an escape may itself be escaped: JSON in JSON, `%2541`, `&amp;amp;lt;`. */
const LEVELS = 3;

/** The longest run of backslashes before an escaped character: two levels of JSON make three of one, four before a `u`. */
const BACKSLASHES = 4;

/** The digits of a numeric character reference, leading zeros included. */
const REFERENCE_DIGITS = 7;

const hex = (code: number, width = 1) =>
  [...code.toString(16).padStart(width, '0')].map((digit) => digit + (digit >= 'a' ? digit.toUpperCase() : ''));

const isPunctuation = (code: number) => code < 0x80 && /[ -~]/.test(String.fromCharCode(code)) && !isAlphanumeric(code);

const isAlphanumeric = (code: number) => /[0-9A-Za-z]/.test(String.fromCharCode(code));

/** Adds a chain of nodes, each reached from the one before, and gives them all. */
function chain(graph: Graph, first: number, steps: string, length: number): number[] {
  const nodes = [first];
  for (let node = first; nodes.length < length; ) {
    const next = graph.node();
    graph.path(node, steps, next);
    nodes.push(next);
    node = next;
  }
  return nodes;
}

/**
 * Adds the ways in which one character may be written from one node to another: as it is, and in the escapes of URLs
 * (RFC 3986), forms, JSON and JavaScript, and HTML, hexadecimal digits in either case.
 *
 * @param code the code point; below 256 it may be a byte too, read as Latin-1.
 * @param raw the bytes that are the character itself.
 */
function spell(graph: Graph, from: number, to: number, code: number, raw: Iterable<number>): void {
  graph.path(from, String.fromCharCode(...raw), to);
  if (code === 0x20) graph.path(from, '+', to);

  const percent = graph.node();
  const slash = graph.node();
  const unicode = graph.node();
  const ampersand = graph.node();
  graph.path(from, '%', percent);
  graph.path(from, '\\', slash);
  graph.path(from, '&', ampersand);

  graph.path(percent, 'u', unicode);
  graph.path(percent, ['5', 'cC'], slash);
  for (const node of chain(graph, percent, '25', LEVELS)) if (code < 0x100) graph.path(node, hex(code, 2), to);

  for (const node of chain(graph, slash, '\\', BACKSLASHES)) {
    graph.path(node, 'u', unicode);
    if (code < 0x100) graph.path(node, ['x', ...hex(code, 2)], to);
    if (code < 0x100) graph.path(node, code.toString(8).padStart(3, '0'), to);
    const short = CONTROL_LETTERS[code] ?? (isPunctuation(code) ? String.fromCharCode(code) : undefined);
    if (short !== undefined) graph.path(node, short, to);
  }

  graph.path(unicode, ['{', ...hex(code), '}'], to);
  graph.path(unicode, hex(0x26, 4), ampersand);
  const [high = code, low] = [...utf16(code)];
  if (low === undefined) graph.path(unicode, hex(high, 4), to);
  else {
    const between = graph.node();
    graph.path(unicode, hex(high, 4), between);
    for (const node of chain(graph, between, '\\', BACKSLASHES + 1).slice(1)) {
      graph.path(node, ['u', ...hex(low, 4)], to);
    }
  }

  const number = graph.node();
  const unfinished = graph.node();
  graph.path(unfinished, ';', to);
  for (const node of chain(graph, ampersand, 'amp;', LEVELS)) {
    graph.path(node, '#', number);
    for (const name of ENTITIES[String.fromCodePoint(code)] ?? []) graph.path(node, `${name};`, to);
  }
  for (const [prefix, digits] of [
    [[], [...String(code)]],
    [['xX'], hex(code)],
  ] as const) {
    for (let zeros = 0; zeros + digits.length <= REFERENCE_DIGITS; zeros += 1) {
      // Browsers take a reference without its semicolon too.
      const steps = [...prefix, ...'0'.repeat(zeros), ...digits];
      graph.path(number, steps, to);
      graph.path(number, steps, unfinished);
    }
  }
}

function* utf16(code: number): Generator<number> {
  const text = String.fromCodePoint(code);
  for (let index = 0; index < text.length; index += 1) yield text.charCodeAt(index);
}

/**
 * Adds all ways in which a character may be written. One outside ASCII may also stand as its bytes in UTF-8, each written
 * in a way of its own, also where a program took each for a character of Latin-1.
 *
 * @param character one code point.
 */
export function spellCharacter(graph: Graph, from: number, to: number, character: string): void {
  const code = character.codePointAt(0) ?? 0;
  const bytes = Buffer.from(character, 'utf8');
  spell(graph, from, to, code, bytes);
  if (code < 0x80) return;
  if (code < 0x100) graph.path(from, character, to);
  let node = from;
  for (const [index, byte] of bytes.entries()) {
    const next = index === bytes.length - 1 ? to : graph.node();
    spellByte(graph, node, next, byte);
    node = next;
  }
}

/** Adds all ways in which a byte may be written that belongs to no character of UTF-8. */
export function spellByte(graph: Graph, from: number, to: number, byte: number): void {
  spell(graph, from, to, byte, [byte]);
  if (byte >= 0x80) graph.path(from, Buffer.from(String.fromCharCode(byte), 'utf8').toString('latin1'), to);
}

/** Adds the ways in which a character of base64 or base64url may be written; only those of URLs' and JSON's concern have several. */
export function spellBase64(graph: Graph, from: number, to: number, character: string): void {
  const twin = { '+': '-', '/': '_', '-': '+', _: '/' }[character];
  if (twin === undefined) graph.path(from, character, to);
  else for (const either of [character, twin]) spellCharacter(graph, from, to, either);
}
