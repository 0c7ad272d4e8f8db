import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Forms } from '../../src/redaction/forms.ts';
import { DONE, Graph } from '../../src/redaction/graph.ts';
import { type Pattern, patternsOf } from '../../src/redaction/patterns.ts';
import { Search } from '../../src/redaction/search.ts';
import { mixed, repetitive, value } from './encodings.ts';

/** The places where forms stand, each beginning followed by itself; and from where on one may still be completed. */
function naively(patterns: readonly Pattern[], graph: Graph, body: Buffer) {
  const covered = new Set<number>();
  let pending = body.length;
  for (let begin = 0; begin < body.length; begin += 1) {
    for (const pattern of patterns) {
      let states = new Map([['0', { unit: 0, node: pattern[0] ?? DONE }]]);
      let at = begin;
      for (; at < body.length && states.size > 0; at += 1) {
        const next: typeof states = new Map();
        for (const { unit, node } of states.values()) {
          for (const { byte, to } of graph.edges(node)) {
            if (byte !== body[at]) continue;
            if (to === DONE && unit === pattern.length - 1) for (let it = begin; it <= at; it += 1) covered.add(it);
            else {
              const state = to === DONE ? { unit: unit + 1, node: pattern[unit + 1] ?? DONE } : { unit, node: to };
              next.set(`${state.unit} ${state.node}`, state);
            }
          }
        }
        states = next;
      }
      if (states.size > 0) pending = Math.min(pending, begin);
    }
  }
  return { covered: [...covered].sort((a, b) => a - b), pending };
}

/** Values that contain themselves in many ways. */
const selfSimilar = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', 'ab', 'aab', '\\', '%2', '&', '6', '+', '/', 'é', '\n'), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.integer({ min: 8, max: 16 }),
    fc.constantFrom('', 'b', 'xa'),
  )
  .map(([units, length, tail]) => units.join('').repeat(length).slice(0, length) + tail);

const separators = fc.constantFrom('', '', '\n', '\\n', 'a', 'b', '%', '\\', 'YWFh', '6161', ':');

describe('a search', () => {
  it('finds in a body of pieces of a value what following each beginning by itself finds', () => {
    const piece = fc.record({ encode: mixed, from: fc.nat(20), length: fc.nat(24), separator: separators });
    fc.assert(
      fc.property(
        fc.oneof(selfSimilar, repetitive, value),
        fc.array(piece, { minLength: 1, maxLength: 4 }),
        (secret, pieces) => {
          const body = Buffer.concat(
            pieces.flatMap(({ encode, from, length, separator }) => [
              encode((secret + secret).slice(from, from + length)),
              Buffer.from(separator),
            ]),
          );
          const graph = new Graph();
          const expected = naively(patternsOf(graph, Buffer.from(secret)), graph, body);

          const covered = new Set<number>();
          const search = new Search(new Forms([{ name: 'key', bytes: Buffer.from(secret) }]), (from, to) => {
            for (let at = from; at < to; at += 1) covered.add(at);
          });
          search.read(body);

          expect([...covered].sort((a, b) => a - b)).toEqual(expected.covered);
          // What cannot be the beginning of a form, by the bytes that follow, is not waited for.
          expect(search.pending).toBeGreaterThanOrEqual(expected.pending);
        },
      ),
      { numRuns: 300 },
    );
  });
});
