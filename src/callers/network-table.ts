import { ipv4Bits, ipv6Words } from './address.ts';
import { maskOf, type Network, wordsOf } from './network.ts';

/** A network and what belongs to it. */
interface Entry<T> {
  readonly words: readonly number[];
  readonly label: T;
}

/** The networks of one length, by a hash of their bits. */
interface Level<T> {
  readonly masks: readonly [number, number, number, number];
  readonly length: number;
  readonly entries: Map<number, Entry<T>[]>;
}

/**
 * Finds the labels of the networks that an address lies in, the narrowest network first. A look-up costs one step for each
 * distinct prefix length, however many networks there are.
 */
export class NetworkTable<T> {
  readonly #v4: Level<T>[] = [];
  readonly #v6: Level<T>[] = [];

  constructor(entries: Iterable<readonly [Network, T]> = []) {
    for (const [network, label] of entries) this.add(network, label);
  }

  /** Adds a network behind those of its length that are there. */
  add({ family, address, length }: Network, label: T): void {
    const levels = family === 4 ? this.#v4 : this.#v6;
    let at = levels.findIndex((level) => level.length <= length);
    if (at < 0) at = levels.length;
    let level = levels[at];
    if (level?.length !== length) {
      level = {
        masks: [maskOf(length), maskOf(length - 32), maskOf(length - 64), maskOf(length - 96)],
        length,
        entries: new Map(),
      };
      levels.splice(at, 0, level);
    }
    const [a = 0, b = 0, c = 0, d = 0] = wordsOf(family, address);
    const words = [a | 0, b | 0, c | 0, d | 0] as const;
    const key = hash(...words);
    const known = level.entries.get(key);
    if (known === undefined) level.entries.set(key, [{ words, label }]);
    else known.push({ words, label });
  }

  /**
   * The first label that is accepted.
   *
   * @param address in the form of `canonicalAddress`.
   */
  find(address: string, accept: (label: T) => boolean): T | undefined {
    if (!address.includes(':'))
      return this.#v4.length === 0 ? undefined : find(this.#v4, ipv4Bits(address), 0, 0, 0, accept);
    if (this.#v6.length === 0) return undefined;
    const [a, b, c, d] = ipv6Words(address);
    return find(this.#v6, a, b, c, d, accept);
  }
}

function find<T>(
  all: readonly Level<T>[],
  a: number,
  b: number,
  c: number,
  d: number,
  accept: (label: T) => boolean,
): T | undefined {
  for (const { masks, entries } of all) {
    const [first, second, third, fourth] = [a & masks[0], b & masks[1], c & masks[2], d & masks[3]];
    const found = entries.get(hash(first, second, third, fourth));
    if (found === undefined) continue;
    for (const { words, label } of found) {
      const isSame = words[0] === first && words[1] === second && words[2] === third && words[3] === fourth;
      if (isSame && accept(label)) return label;
    }
  }
  return undefined;
}

function hash(a: number, b: number, c: number, d: number): number {
  return (Math.imul(Math.imul(Math.imul(a, 31) + b, 31) + c, 31) + d) | 0;
}
