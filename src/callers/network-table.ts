import { ipv4Bits, ipv6Bits } from './address.ts';
import type { Network } from './network.ts';

/** What belongs to the networks of one length, by their bits. */
interface Level<B, T> {
  readonly length: number;
  readonly labels: Map<B, T[]>;
}

/**
 * Finds the labels of the networks that an address lies in, the narrowest network first. A look-up costs one step for each
 * distinct prefix length, however many networks there are.
 */
export class NetworkTable<T> {
  readonly #v4: readonly Level<number, T>[];
  readonly #v6: readonly Level<bigint, T>[];

  constructor(entries: Iterable<readonly [Network, T]>) {
    const v4: Level<number, T>[] = [];
    const v6: Level<bigint, T>[] = [];
    for (const [network, label] of entries) {
      const { family, length } = network;
      if (family === 4) add(v4, length, v4Prefix(network.bits, length), label);
      else add(v6, length, v6Prefix(network.bits, length), label);
    }
    this.#v4 = v4.sort((a, b) => b.length - a.length);
    this.#v6 = v6.sort((a, b) => b.length - a.length);
  }

  /**
   * The first label that is accepted.
   *
   * @param address in the form of `canonicalAddress`.
   */
  find(address: string, accept: (label: T) => boolean): T | undefined {
    return address.includes(':') ? this.#findV6(address, accept) : this.#findV4(address, accept);
  }

  #findV4(address: string, accept: (label: T) => boolean): T | undefined {
    if (this.#v4.length === 0) return undefined;
    const bits = ipv4Bits(address);
    for (const { length, labels } of this.#v4) {
      const found = labels.get(v4Prefix(bits, length))?.find(accept);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findV6(address: string, accept: (label: T) => boolean): T | undefined {
    if (this.#v6.length === 0) return undefined;
    const bits = ipv6Bits(address);
    for (const { length, labels } of this.#v6) {
      const found = labels.get(v6Prefix(bits, length))?.find(accept);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function add<B, T>(levels: Level<B, T>[], length: number, prefix: B, label: T): void {
  let level = levels.find((it) => it.length === length);
  if (level === undefined) {
    level = { length, labels: new Map() };
    levels.push(level);
  }
  const labels = level.labels.get(prefix);
  if (labels === undefined) level.labels.set(prefix, [label]);
  else labels.push(label);
}

// A shift by 32 is none in JavaScript.
function v4Prefix(bits: number, length: number): number {
  return length === 0 ? 0 : bits >>> (32 - length);
}

function v6Prefix(bits: bigint, length: number): bigint {
  return bits >> BigInt(128 - length);
}
