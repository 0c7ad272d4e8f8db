import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { canonicalAddress, ipv4Bits, ipv6Bits } from './address.ts';
import type { Fault } from './fault.ts';

/** Addresses that begin with the same bits. One address is a network of its full length. */
export type Network =
  | { readonly family: 4; readonly bits: number; readonly length: number }
  | { readonly family: 6; readonly bits: bigint; readonly length: number };

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
  const family = isIPv4(address) ? 4 : 6;
  const bits = family === 4 ? BigInt(ipv4Bits(address)) : ipv6Bits(canonical);
  const shift = BigInt(longest - prefix);
  const network = (bits >> shift) << shift;
  if (network !== bits) {
    return {
      reason: `${text} has bits set behind its prefix of ${prefix}`,
      mend: `write ${addressOf(family, network)}/${prefix} for the network, or ${address} for the one address`,
    };
  }
  return family === 4 ? { family, bits: Number(bits), length: prefix } : { family, bits, length: prefix };
}

function addressOf(family: 4 | 6, bits: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.');
  const hex = bits.toString(16).padStart(32, '0');
  return new SocketAddress({ address: hex.match(/.{4}/g)?.join(':') ?? '', family: 'ipv6' }).address;
}
