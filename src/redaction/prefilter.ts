import { DONE, type Graph } from './graph.ts';
import type { Pattern } from './patterns.ts';

const HASHES = 65_536;

/** Multiplies by 2^32 divided by the golden ratio, which spreads four bytes over the upper half of the product. */
const hash = (first: number, second: number, third: number, fourth: number) =>
  Math.imul(first | (second << 8) | (third << 16) | (fourth << 24), 0x9e37_79b1) >>> 16;

/**
 * Tells quickly where no form begins, from the next two bytes and, where those fit, from the next four. It may take a place
 * for a beginning that is none, never the other way round.
 */
export class Prefilter {
  /** 1 for each two bytes, the first one times 256, with which a form begins. */
  readonly #pairs = new Uint8Array(65_536);
  /** 1 for each hash of four bytes with which a form begins. No form is shorter. */
  readonly #quads = new Uint8Array(HASHES);

  constructor(graph: Graph, patterns: readonly Pattern[]) {
    for (const pattern of patterns) {
      for (const [first = 0, second = 0, third = 0, fourth = 0] of beginnings(graph, pattern, 4)) {
        this.#pairs[first * 256 + second] = 1;
        this.#quads[hash(first, second, third, fourth)] = 1;
      }
    }
  }

  /** The first index from here on at which a form may begin; if there is none, that of the last byte, of which little is known. */
  skip(chunk: Uint8Array, from: number): number {
    const pairs = this.#pairs;
    const last = chunk.length - 1;
    let byte = chunk[from] as number;
    for (let index = from; index < last; index += 1) {
      const next = chunk[index + 1] as number;
      if (pairs[byte * 256 + next] === 1 && this.#mayBeginQuad(chunk, index)) return index;
      byte = next;
    }
    return last;
  }

  /** Whether a form may begin at an index. */
  mayBegin(chunk: Uint8Array, index: number): boolean {
    if (index + 1 >= chunk.length) return true;
    const pair = (chunk[index] as number) * 256 + (chunk[index + 1] as number);
    return this.#pairs[pair] === 1 && this.#mayBeginQuad(chunk, index);
  }

  wipe(): void {
    this.#pairs.fill(0);
    this.#quads.fill(0);
  }

  #mayBeginQuad(chunk: Uint8Array, index: number): boolean {
    if (index + 3 >= chunk.length) return true;
    const [first, second] = [chunk[index] as number, chunk[index + 1] as number];
    return this.#quads[hash(first, second, chunk[index + 2] as number, chunk[index + 3] as number)] === 1;
  }
}

/** The first bytes of all spellings of a pattern. */
function beginnings(graph: Graph, pattern: Pattern, length: number): number[][] {
  type Place = { readonly bytes: readonly number[]; readonly unit: number; readonly node: number };
  let places: Place[] = [{ bytes: [], unit: 0, node: pattern[0] ?? DONE }];
  for (let taken = 0; taken < length; taken += 1) {
    const next = new Map<string, Place>();
    for (const { bytes, unit, node } of places) {
      for (const { byte, to } of graph.edges(node)) {
        const place = to === DONE ? { unit: unit + 1, node: pattern[unit + 1] ?? DONE } : { unit, node: to };
        const reached = { bytes: [...bytes, byte], ...place };
        next.set(`${reached.bytes} ${reached.unit} ${reached.node}`, reached);
      }
    }
    places = [...next.values()];
  }
  return places.map(({ bytes }) => [...bytes]);
}
