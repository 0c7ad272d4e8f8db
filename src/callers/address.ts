import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { LRUCache } from 'lru-cache';

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
  return v6?.includes(':') ? canonicalAddress(v6) : undefined;
}

/**
 * The one way to write an address: IPv6 as RFC 5952 has it, an IPv4 address that is mapped into IPv6 as IPv4. Undefined for what
 * is no address, and for one with a zone: it means something on one machine only.
 */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  const known = CANONICAL.get(text);
  if (known !== undefined) return known;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  const canonical = MAPPED.exec(address)?.[1] ?? address;
  CANONICAL.set(text, canonical);
  return canonical;
}

/** The same callers come again and again, and the system takes a microsecond over each IPv6 address. */
const CANONICAL = new LRUCache<string, string>({ max: 1_000 });

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

/** The 128 bits of an IPv6 address, as four numbers of 32 bits. */
export type Ipv6Words = readonly [number, number, number, number];

/** The bits of an IPv6 address that is known to be one and has the form of {@link canonicalAddress}. */
export function ipv6Words(text: string): Ipv6Words {
  const parts = [0, 0, 0, 0, 0, 0, 0, 0];
  let at = 0;
  let part = 0;
  let digits = 0;
  let gap = -1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === DOT) return ipv6Words(withoutDots(text));
    if (code !== COLON) {
      part = part * 16 + (code < LETTER_A ? code - ZERO : code - LETTER_A + 10);
      digits += 1;
      continue;
    }
    if (digits > 0) {
      parts[at] = part;
      at += 1;
    } else if (index > 0) {
      gap = at;
    }
    part = 0;
    digits = 0;
  }
  if (digits > 0) {
    parts[at] = part;
    at += 1;
  }
  if (gap >= 0) {
    // What stands behind the two colons belongs at the end.
    parts.copyWithin(8 - (at - gap), gap, at);
    parts.fill(0, gap, 8 - (at - gap));
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = parts;
  return [a * 65_536 + b, c * 65_536 + d, e * 65_536 + f, g * 65_536 + h];
}

const DOT = '.'.charCodeAt(0);
const COLON = ':'.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);
const LETTER_A = 'a'.charCodeAt(0);

/** The last 32 bits may be written as an IPv4 address. */
function withoutDots(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const bits = ipv4Bits(text.slice(at));
  return `${text.slice(0, at)}${(bits >>> 16).toString(16)}:${(bits & 0xffff).toString(16)}`;
}
