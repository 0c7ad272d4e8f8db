import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** An address with the port that Envoy puts behind it: `10.1.2.3:443`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:\[([0-9a-f:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/i;

/** An IPv4 address as a socket of both families shows it (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;

/**
 * The address in Envoy's attribute `source.address`, without its port and in the form of {@link canonicalAddress}. Undefined for
 * everything else: a path of a Unix socket, an address without a port, one with a zone.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes#connection-attributes
 */
export function parseSourceAddress(text: string): string | undefined {
  const [, v6, v4, port] = WITH_PORT.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return undefined;
  if (v4 !== undefined) return isIPv4(v4) ? v4 : undefined;
  return v6 !== undefined && isIPv6(v6) ? canonicalAddress(v6) : undefined;
}

/**
 * The one way to write an address: IPv6 as RFC 5952 has it, an IPv4 address that is mapped into IPv6 as IPv4. Undefined for what
 * is no address, and for one with a zone: it means something on one machine only.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return MAPPED.exec(address)?.[1] ?? address;
}

/** The 32 bits of an IPv4 address that is known to be one. */
export function ipv4Bits(text: string): number {
  let bits = 0;
  let part = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) {
      bits = bits * 256 + part;
      part = 0;
    } else {
      part = part * 10 + code - ZERO;
    }
  }
  return bits * 256 + part;
}

/** The 128 bits of an IPv6 address that is known to be one. */
export function ipv6Bits(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const zeros = '0000'.repeat(8 - first.length - last.length);
  return BigInt(`0x${first.join('')}${zeros}${last.join('')}`);
}

const DOT = '.'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);

/** Groups of four hexadecimal digits. The last one may be an IPv4 address, which stands for two. */
function groups(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return group.padStart(4, '0');
    const hex = ipv4Bits(group).toString(16).padStart(8, '0');
    return [hex.slice(0, 4), hex.slice(4)];
  });
}
