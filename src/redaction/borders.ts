import type { Pattern } from './patterns.ts';

/**
 * How a pattern contains itself. A border of its first n characters is a number of characters that they both begin and end with
 * (Knuth, Morris and Pratt, "Fast pattern matching in strings", 1977): whoever has found n characters has found those of each border
 * too. Of a value that repeats itself all beginnings are under way at once; of those that must go the same way one is followed.
 */
export interface Borders {
  /** For each n the longest border, of two characters or more, that is followed by another character than the n are; else -1. */
  readonly other: Int32Array;
  /** For each n the longest border, not empty, that is followed by the same character as the n are; else -1. */
  readonly same: Int32Array;
  /** The longest border, of two characters or more, of the whole pattern; else -1. */
  readonly whole: number;
  /** For each character 1 if the pattern can begin with it too. */
  readonly begins: Uint8Array;
}

/** @param originOf what a node is a copy of; the first character of a pattern has nothing before it, so it is none. */
export function bordersOf(pattern: Pattern, originOf: (node: number) => number | undefined): Borders {
  const { length } = pattern;
  const [first] = pattern;
  const begins = new Uint8Array(length);
  for (const [place, node] of pattern.entries()) if (node === first || originOf(node) === first) begins[place] = 1;
  const longest = new Int32Array(length + 1).fill(-1);
  for (let found = 1; found <= length; found += 1) {
    const character = pattern[found - 1];
    let border = longest[found - 1] as number;
    while (border >= 0 && !(border === 0 ? begins[found - 1] === 1 : pattern[border] === character))
      border = longest[border] as number;
    longest[found] = border + 1;
  }
  const other = new Int32Array(length).fill(-1);
  const same = new Int32Array(length).fill(-1);
  for (let found = 1; found < length; found += 1) {
    const character = pattern[found];
    const border = longest[found] as number;
    other[found] = pattern[border] === character ? (other[border] as number) : border;
    let alike = border;
    while (alike > 0 && pattern[alike] !== character) alike = other[alike] as number;
    if (alike > 0) same[found] = alike;
  }
  const whole = longest[length] ?? -1;
  return { other: other.map(twoOrMore), same, whole: twoOrMore(whole), begins };
}

function twoOrMore(border: number): number {
  return border >= 2 ? border : -1;
}
