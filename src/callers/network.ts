import { isIPv4, isIPv6 } from 'node:net';
import { canonicalAddress, ipv4Bits, ipv6Words } from './address.ts';
import type { Fault } from './fault.ts';

/** Addresses that begin with the same bits. One address is a network of its full length. */
export interface Network {
  readonly family: 4 | 6;
  /** Its first address, in the form of `canonicalAddress`. */
  readonly address: string;
  /** How many bits its addresses have in common. */
  readonly length: number;
}

const FORMS = 'write an address such as 10.1.2.3 or 2001:db8::1, or a network such as 10.1.0.0/16';

/**
 * Reads an address or a network in CIDR notation.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4632#section-3.1
 */
export function parseNetwork(text: string): Network | Fault {
  const [address = '', length, ...rest] = text.split('/');
  if (rest.length > 0) return { reason: `"${text}" is no network`, mend: FORMS };
  if (address.includes('%')) return { reason: `"${text}" has a zone`, mend: 'leave out the percent sign and the zone' };
  if (!isIPv4(address) && !isIPv6(address)) return { reason: `"${address}" is no IP address`, mend: FORMS };
  const canonical = canonicalAddress(address) ?? '';
  if (isIPv6(address) && isIPv4(canonical)) {
    return { reason: `"${text}" is an IPv4 address written as IPv6`, mend: `write ${canonical}, which means both` };
  }
  const longest = isIPv4(address) ? 32 : 128;
  if (length !== undefined && !(/^(?:0|[1-9]\d{0,2})$/.test(length) && Number(length) <= longest)) {
    return { reason: `/${length} is no prefix length`, mend: `write a number from /0 to /${longest}` };
  }
  const prefix = length === undefined ? longest : Number(length);
  const family = longest === 32 ? 4 : 6;
  const first = addressOf(family, masked(wordsOf(family, canonical), prefix));
  if (first === canonical) return { family, address: canonical, length: prefix };
  return {
    reason: `${text} has bits set behind its prefix of ${prefix}`,
    mend: `write ${first}/${prefix} for the network, or ${address} for the one address`,
  };
}

/** The bits of an address, in numbers of 32: one for IPv4, four for IPv6. */
export function wordsOf(family: 4 | 6, address: string): readonly number[] {
  return family === 4 ? [ipv4Bits(address)] : ipv6Words(address);
}

/** The first bits alone, the others being 0. */
export function masked(words: readonly number[], length: number): readonly number[] {
  return words.map((word, index) => (word & maskOf(length - 32 * index)) >>> 0);
}

/** A number whose first bits are 1. A shift by 32 is none in JavaScript. */
export function maskOf(length: number): number {
  if (length <= 0) return 0;
  return length >= 32 ? -1 : -1 << (32 - length);
}

function addressOf(family: 4 | 6, words: readonly number[]): string {
  const bytes = words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  if (family === 4) return bytes.join('.');
  const hex = Buffer.from(bytes).toString('hex');
  return canonicalAddress(hex.match(/.{4}/g)?.join(':') ?? '') ?? '';
}
