import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescaped } from '../../src/paths/unescaped.ts';

describe('text without its percent escapes', () => {
  it.each([
    ['', ''],
    ['a%41%e4b', 'aA\xe4b'],
    ['%2541', '%41'],
    ['%', '%'],
    ['%4', '%4'],
    ['%%41', '%A'],
    ['%4g%zz%00', '%4g%zz\0'],
    ['%\u0141', '%\u0141'],
  ])('of %j is %j', (text, expected) => {
    expect(unescaped(text)).toBe(expected);
  });

  it('is what a replacement of each escape gives', () => {
    const piece = fc.constantFrom('%', '4', '1', 'a', 'F', 'g', '%41', '%25', 'é');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        const expected = text.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number(`0x${digits}`)));

        expect(unescaped(text)).toBe(expected);
      }),
    );
  });
});
