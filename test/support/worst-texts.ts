import fc from 'fast-check';

/** A text that grows: `unit` over and over between `head` and `tail`. */
export interface Shape {
  readonly head?: string;
  readonly unit: string;
  readonly tail?: string;
  /** Whether each unit is followed by its number, so that no two are alike. */
  readonly counted?: boolean;
}

/** A text of this shape and about this length. */
export function grown({ head = '', unit, tail = '', counted = false }: Shape, length: number): string {
  const room = length - head.length - tail.length;
  if (!counted) return head + unit.repeat(Math.max(1, Math.floor(room / unit.length))) + tail;
  const units: string[] = [];
  for (let left = room; left > 0; left -= units.at(-1)?.length ?? 0) units.push(unit + units.length.toString(36));
  return head + units.join('') + tail;
}

/** Texts that are made of these parts. */
export function shapes(...parts: string[]): fc.Arbitrary<Shape> {
  const few = (minLength: number) =>
    fc.array(fc.constantFrom(...parts), { minLength, maxLength: 3 }).map((some) => some.join(''));
  return fc.record({ head: few(0), unit: few(1), tail: few(0), counted: fc.boolean() });
}

/** Values of headers that took long, or may. */
export const VALUES: Readonly<Record<string, Shape>> = {
  'blanks between two letters': { head: 'a', unit: ' ', tail: 'a' },
  'words with tabs between': { unit: 'a\t' },
  commas: { unit: ',' },
  'commas and blanks': { unit: ' ,' },
  quotes: { unit: 'a;b="' },
};

/** Paths, without their first slash, that took long, or may. */
export const PATHS: Readonly<Record<string, Shape>> = {
  slashes: { unit: '/' },
  segments: { unit: 'a/' },
  'dots and blanks': { unit: '.%20', tail: 'a' },
  'a percent sign escaped over and over': { head: '%', unit: '25', tail: 'x' },
  'dots escaped over and over': { unit: '%252525252e/' },
  'marks on a letter, out of their order': { head: 'a', unit: '%CC%81%CC%A3' },
  'marks of two scripts': { head: 'a', unit: '%CC%81%EF%BE%9E' },
  'ligatures that are long when spelt out': { unit: '%EF%B7%BA' },
};

/** Queries that took long, or may. */
export const QUERIES: Readonly<Record<string, Shape>> = {
  'one parameter over and over': { unit: 'a&' },
  'parameters that all differ': { unit: '&p', counted: true },
  'parameters that all differ, escaped': { unit: '&%70', counted: true },
  'parameters that begin alike': { unit: `&${'p'.repeat(120)}`, counted: true },
  'numbers for names': { unit: '&', counted: true },
  ampersands: { unit: '&' },
  equals: { unit: '=' },
  __proto__: { unit: '__proto__=a&' },
};
