import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lettersOf } from '../../src/paths/letters.ts';
import { withoutParameters } from '../../src/paths/without-parameters.ts';

const NAMES = new Set(['api_key', 'key'].map(lettersOf));
const without = (path: string, except: string[] = []) => withoutParameters(path, NAMES, new Set(except));

describe('a path without the credentials of a caller', () => {
  it.each([
    ['/v1?api_key=mine', '/v1'],
    ['/v1?a=1&api_key=mine', '/v1?a=1'],
    ['/v1?api_key=mine&a=1', '/v1?a=1'],
    ['/v1?a=1&API_KEY=mine&b=2', '/v1?a=1&b=2'],
    ['/v1?apiKey&Api-Key=mine&api.key=mine&api+key=mine&api%20key=mine', '/v1'],
    ['/v1?%6Bey=mine&%6b%65%79=mine&k%2565y=mine', '/v1'],
    ['/v1?key[]=mine&key%5B0%5D=mine&key%00x=mine&%20key=mine', '/v1'],
    ['/v1?a=b;key=mine;c=d&e=f', '/v1?a=b;c=d&e=f'],
    ['/v1?key=a=b&key=mine?c', '/v1'],
  ])('%s is %s', (path, expected) => {
    expect(without(path)).toBe(expected);
  });

  it.each([
    '/v1',
    '/v1?',
    '/key=mine',
    '/v1?&&',
    '/v1?keys=1&monkey=2&user[key]=3&a=key',
    '/v1?a=key%3D1;b=%26key=2',
    '/v1?=key',
    '/v1?%&%k&%zz=1',
    '*',
  ])('leaves %s as it is', (path) => {
    expect(without(path)).toBe(path);
  });

  it('leaves what is replaced anyway, where it is written so', () => {
    expect(without('/v1?key=a&KEY=b&%6bey=c;key=d', ['key'])).toBe('/v1?key=a&%6bey=c');
  });

  it('is the same when it is done again, and keeps every other parameter in its order', () => {
    expect(without('/v1?&key=mine')).toBe('/v1');
    expect(without('/v1?&&a=1&;key=mine&')).toBe('/v1?&&a=1&&');
    expect(without('/v1?key=mine&&a=1')).toBe('/v1?&a=1');
    const part = fc.tuple(
      fc.constantFrom('a', 'key', '%6Bey', 'Key', 'keys', '', 'b%26'),
      fc.constantFrom('', '=1', '=%3b'),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const path = `/v1?${parts.map(([name, value]) => name + value).join('&')}`;
        const once = without(path);

        expect(without(once)).toBe(once);
        const kept = parts.filter(([name]) => !['key', '%6Bey', 'Key'].includes(name));
        expect(once.split('?')[1] ?? '').toBe(kept.map(([name, value]) => name + value).join('&'));
      }),
    );
  });
});
