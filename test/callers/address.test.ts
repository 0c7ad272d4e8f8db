import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, ipv6Words, parseSourceAddress } from '../../src/callers/address.ts';

describe('the source address that Envoy sends', () => {
  it.each([
    ['10.1.2.3:443', '10.1.2.3'],
    ['0.0.0.0:0', '0.0.0.0'],
    ['255.255.255.255:65535', '255.255.255.255'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[::1]:1', '::1'],
    ['[2001:DB8:0:0:0:0:0:1]:443', '2001:db8::1'],
    ['[::ffff:10.1.2.3]:443', '10.1.2.3'],
    ['[::ffff:0a01:0203]:443', '10.1.2.3'],
    ['[0:0:0:0:0:FFFF:10.1.2.3]:443', '10.1.2.3'],
  ])('is read without its port: %s', (text, address) => {
    expect(parseSourceAddress(text)).toBe(address);
  });

  it.each([
    '',
    '10.1.2.3',
    '10.1.2.3:',
    '10.1.2.3:65536',
    '10.1.2.3:443 ',
    ' 10.1.2.3:443',
    '10.1.2.3:443,10.9.9.9:443',
    '10.1.2.3,10.9.9.9:443',
    '010.1.2.3:443',
    '10.1.2:443',
    '10.1.2.256:443',
    '0x0a.1.2.3:443',
    '167838211:443',
    '2001:db8::1:443',
    '2001:db8::1',
    '[2001:db8::1]',
    '[10.1.2.3]:443',
    '[fe80::1%eth0]:443',
    '[fe80::1%25eth0]:443',
    '[2001:db8::1::]:443',
    '/run/envoy.sock',
    '@abstract',
    'envoy://internal/1',
    'localhost:443',
    '10.1.2.3:443\n',
    '１０.1.2.3:443',
  ])('is nobody when it is anything else: %j', (text) => {
    expect(parseSourceAddress(text)).toBeUndefined();
  });

  it('is the same for every way to write an address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = canonicalAddress(text) ?? '';
        expect(canonicalAddress(text.toUpperCase())).toBe(canonical);
        if (isIPv6(canonical)) expect(ipv6Words(canonical)).toEqual(naiveWords(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Writes every group out, then reads them. */
function naiveWords(text: string): number[] {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) =>
    [parts.slice(0, 2), parts.slice(2, 4)]
      .map(([high, low]) => (Number(high) * 256 + Number(low)).toString(16))
      .join(':'),
  );
  const [head = '', tail = ''] = plain.split('::');
  const split = (part: string) => (part === '' ? [] : part.split(':'));
  const missing = plain.includes('::') ? 8 - split(head).length - split(tail).length : 0;
  const groups = [...split(head), ...Array<string>(missing).fill('0'), ...split(tail)].map((it) =>
    Number.parseInt(it, 16),
  );
  return [0, 2, 4, 6].map((at) => (groups[at] ?? 0) * 65_536 + (groups[at + 1] ?? 0));
}
