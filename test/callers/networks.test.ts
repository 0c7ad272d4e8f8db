import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalAddress } from '../../src/callers/address.ts';
import { isFault, parseCallerRule } from '../../src/callers/caller-rule.ts';
import { by } from './support.ts';

/** Every bit of an address as a character: slow, and hard to get wrong. */
function bitsOf(address: string): string {
  if (!address.includes(':'))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const [head = '', tail = ''] = address.split('::');
  const split = (part: string) => (part === '' ? [] : part.split(':'));
  const missing = address.includes('::') ? 8 - split(head).length - split(tail).length : 0;
  return [...split(head), ...Array<string>(missing).fill('0'), ...split(tail)]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}

function addressOf(bits: string): string {
  if (bits.length === 32) return (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)).join('.');
  return (
    canonicalAddress((bits.match(/.{16}/g) ?? []).map((group) => Number.parseInt(group, 2).toString(16)).join(':')) ??
    ''
  );
}

/** Few different bits, so that addresses often share their beginnings. */
const bits = (length: number) =>
  fc
    .array(fc.oneof({ weight: 3, arbitrary: fc.constant('0') }, fc.constant('1')), {
      minLength: length,
      maxLength: length,
    })
    .map((all) => all.join(''))
    // Those with ten bytes of zeros are written with dots, or are IPv4 in truth.
    .map((text) => (length === 128 ? `001${text.slice(3)}` : text));

const network = fc.constantFrom(32, 128).chain((length) =>
  fc.tuple(bits(length), fc.integer({ min: 0, max: length })).map(([all, prefix]) => ({
    length,
    prefix,
    bits: all.slice(0, prefix).padEnd(length, '0'),
  })),
);

const address = fc.constantFrom(32, 128).chain(bits);

describe('networks', () => {
  it('let in whom a bit by bit comparison lets in, by the narrowest network', () => {
    fc.assert(
      fc.property(
        fc.array(network, { minLength: 1, maxLength: 20 }),
        fc.array(address, { maxLength: 10 }),
        (networks, addresses) => {
          const rules = networks.map((it) => `${addressOf(it.bits)}/${it.prefix}`);
          // Addresses out of a network too, which chance alone seldom meets.
          const within = networks.map(
            (it, index) =>
              it.bits.slice(0, it.prefix) +
              (addresses[index] ?? '1'.repeat(128)).padEnd(128, '1').slice(0, it.length - it.prefix),
          );
          for (const asked of [...addresses, ...within]) {
            const caller = addressOf(asked);
            const fitting = networks.filter(
              (it) => it.length === asked.length && asked.startsWith(it.bits.slice(0, it.prefix)),
            );
            const narrowest = Math.max(...fitting.map(({ prefix }) => prefix));
            const expected = fitting.find(({ prefix }) => prefix === narrowest);
            expect(bitsOf(caller)).toBe(asked);
            expect(by({ address: caller }, rules)).toBe(
              expected === undefined ? false : `${addressOf(expected.bits)}/${narrowest}`,
            );
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  // Across families they differ on purpose: to Node ::/0 has all of IPv4 in it.
  it("agree with Node's own list within one family", () => {
    fc.assert(
      fc.property(fc.array(network, { minLength: 1, maxLength: 8 }), address, (networks, asked) => {
        const list = new BlockList();
        const family = (it: { length: number }) => (it.length === 32 ? 'ipv4' : 'ipv6');
        const related = networks.filter((it) => it.length === asked.length);
        for (const it of related) list.addSubnet(addressOf(it.bits), it.prefix, family(it));
        const rules = networks.map((it) => `${addressOf(it.bits)}/${it.prefix}`);

        expect(by({ address: addressOf(asked) }, rules) !== false).toBe(list.check(addressOf(asked), family(asked)));
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when bits are set behind their prefix, with the network that is meant', () => {
    fc.assert(
      fc.property(network, address, (it, other) => {
        const all = it.bits.slice(0, it.prefix) + other.padEnd(128, '0').slice(0, it.length - it.prefix);
        const parsed = parseCallerRule(`${addressOf(all)}/${it.prefix}`);

        if (all === it.bits) expect(isFault(parsed)).toBe(false);
        else
          expect(parsed).toMatchObject({
            mend: expect.stringContaining(`write ${addressOf(it.bits)}/${it.prefix} for`),
          });
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '10.1.2.3', false],
    ['::/0', '2001:db8::1', true],
    ['2001:DB8::/32', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['128.0.0.0/1', '255.1.2.3', true],
    ['128.0.0.0/1', '127.1.2.3', false],
  ])('%s and %s: %s', (text, caller, isIn) => {
    expect(by({ address: caller }, [text])).toBe(isIn && text);
  });
});
