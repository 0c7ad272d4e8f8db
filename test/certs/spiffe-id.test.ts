import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spiffeId } from '../../src/certs/spiffe-id.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789-_.';
const trustDomain = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 255 });
const segment = fc
  .string({ unit: fc.constantFrom(...letters, ...'ABCXYZ'), minLength: 1, maxLength: 40 })
  .filter((text) => text !== '.' && text !== '..');

describe('a SPIFFE ID', () => {
  it('is a trust domain and a path, of which it becomes a file name', () => {
    expect(spiffeId('spiffe://acme.example/agents/Build_1.x')).toEqual({
      uri: 'spiffe://acme.example/agents/Build_1.x',
      fileName: 'agents-Build_1.x',
    });
  });

  it('is accepted with every character that the specification allows, and kept as it is', () => {
    fc.assert(
      fc.property(trustDomain, fc.array(segment, { minLength: 1, maxLength: 20 }), (domain, segments) => {
        const uri = `spiffe://${domain}/${segments.join('/')}`;
        expect(spiffeId(uri).uri).toBe(uri);
        expect(spiffeId(uri).fileName).not.toMatch(/[/\\]|^\.{0,2}$/);
      }),
    );
  });

  it.each([
    ['', 'does not begin with spiffe://'],
    ['https://acme/a', 'does not begin with spiffe://'],
    ['SPIFFE://acme/a', 'does not begin with spiffe://'],
    ['spiffe:acme/a', 'does not begin with spiffe://'],
    ['spiffe:///a', 'names no trust domain'],
    ['spiffe://Acme/a', 'the trust domain "Acme" may have lower-case letters'],
    ['spiffe://acme:8443/a', 'the trust domain "acme:8443"'],
    ['spiffe://me@acme/a', 'the trust domain "me@acme"'],
    [`spiffe://${'a'.repeat(256)}/a`, 'longer than 255 bytes'],
    ['spiffe://acme', 'names no workload'],
    ['spiffe://acme/', 'an empty segment'],
    ['spiffe://acme/a/', 'an empty segment'],
    ['spiffe://acme//a', 'an empty segment'],
    ['spiffe://acme/a/../b', 'the segment ".."'],
    ['spiffe://acme/./b', 'the segment "."'],
    ['spiffe://acme/a%2fb', '"a%2fb" in its path'],
    ['spiffe://acme/a,spiffe:', '"a,spiffe:" in its path'],
    ['spiffe://acme/é', '"é" in its path'],
    ['spiffe://acme/a b', '"a b" in its path'],
    ['spiffe://acme/a\n', 'in its path'],
    ['spiffe://acme/a?b', 'a query or a fragment'],
    ['spiffe://acme/a#b', 'a query or a fragment'],
    [`spiffe://acme/${'a'.repeat(2048)}`, 'longer than 2048 bytes'],
  ])('is not %j', (text, reason) => {
    expect(() => spiffeId(text)).toThrow(reason);
  });
});
