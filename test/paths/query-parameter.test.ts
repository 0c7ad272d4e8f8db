import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathError } from '../../src/paths/path-error.ts';
import { replaceQueryParameter } from '../../src/paths/query-parameter.ts';
import { asBytes, queries, unicode } from './support.ts';

const SPELLINGS = ['key', 'k%65y', '%6B%65%79', 'api key', 'api+key', 'api%20key', 'ключ', '%D0%BA%D0%BB%D1%8E%D1%87'];
const names = fc.oneof(fc.constantFrom('key', 'api key', 'ключ', 'a', ''), unicode);
const paths = fc
  .tuple(
    fc.constantFrom('/', '/v1/x', '/a=b&key=1', '/%'),
    fc.option(queries(SPELLINGS.map(asBytes)), { nil: undefined }),
  )
  .map(([path, query]) => (query === undefined ? path : `${path}?${query}`));

const queryOf = (path: string) => (path.includes('?') ? path.slice(path.indexOf('?') + 1) : '');

/** The WHATWG parser on the same bytes: it takes text, so bytes outside ASCII are handed to it escaped. */
const parsed = (query: string): [string, string][] => {
  const ascii = query.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  return [...new URLSearchParams(`?${ascii}`)];
};

/** A name that WHATWG's parser cannot tell from invalid bytes, for which it puts the replacement character. */
const confusable = (name: string) => name.includes('\ufffd');

describe('the query parameter that carries a credential', () => {
  it.each([
    ['/v1/x', '/v1/x?key=s'],
    ['/v1/x?', '/v1/x?key=s'],
    ['/v1/x?a=1', '/v1/x?a=1&key=s'],
    ['/v1/x?key=mine', '/v1/x?key=s'],
    ['/v1/x?key', '/v1/x?key=s'],
    ['/v1/x?key=', '/v1/x?key=s'],
    ['/v1/x?key=a=b', '/v1/x?key=s'],
    ['/v1/x?a=1&key=mine&b=2&key=more&c', '/v1/x?a=1&key=s&b=2&c'],
    ['/v1/x?k%65y=mine', '/v1/x?key=s'],
    ['/v1/x?%6B%65%79=mine&%6b%65%79=', '/v1/x?key=s'],
    ['/v1/x?&&', '/v1/x?&&&key=s'],
    ['/v1/x?key=mine&', '/v1/x?key=s&'],
    ['/v1/x?&key=mine&&', '/v1/x?&key=s&&'],
    ['/v1/x??key=1', '/v1/x??key=1&key=s'],
    ['/v1/x?Key=1&keys=2&ke=3&=key&a=key', '/v1/x?Key=1&keys=2&ke=3&=key&a=key&key=s'],
    ['/v1/x?a=%zz&%=%&b=%4', '/v1/x?a=%zz&%=%&b=%4&key=s'],
    ['/v1/x?a=\xff\x80&\xe9', '/v1/x?a=\xff\x80&\xe9&key=s'],
    ['/v1/x?a=1;key=2', '/v1/x?a=1;key=2&key=s'],
    ['/key=1&key=2?a', '/key=1&key=2?a&key=s'],
  ])('makes of %j %j', (path, expected) => {
    expect(replaceQueryParameter(path, 'key', 's')).toBe(expected);
  });

  it.each(['api+key', 'api%20key', 'api%2bkey'])('reads the name %s as forms do', (spelling) => {
    const name = spelling === 'api%2bkey' ? 'api+key' : 'api key';

    expect(replaceQueryParameter(`/?${spelling}=mine`, name, 's')).toBe(`/?${encodeURIComponent(name)}=s`);
  });

  it('encodes every byte outside the unreserved set', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('');

    const value = replaceQueryParameter('/', 'k', ascii).slice('/?k='.length);

    expect(value.replace(/%[0-9A-F]{2}/g, '')).toBe(
      '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~',
    );
    expect(decodeURIComponent(value)).toBe(ascii);
  });

  it('encodes text outside ASCII in UTF-8', () => {
    expect(replaceQueryParameter('/', 'ключ', 'é😀')).toBe('/?%D0%BA%D0%BB%D1%8E%D1%87=%C3%A9%F0%9F%98%80');
  });

  it.each(['*', '', 'v1/x', 'http://h/x', '?a=1'])('refuses %j, in which no query can stand', (path) => {
    expect(() => replaceQueryParameter(path, 'key', 's3cr3t')).toThrow(PathError);
  });

  it('refuses a value that is no Unicode, without quoting it', () => {
    expect(() => replaceQueryParameter('/', 'key', 's3cr3t\ud800')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('s3cr3t') }),
    );
  });

  it('stands there exactly once, with its value, and leaves the others as they were', () => {
    fc.assert(
      fc.property(paths, names, unicode, (path, name, value) => {
        fc.pre(!confusable(name));

        const before = parsed(queryOf(path));
        const after = parsed(queryOf(replaceQueryParameter(path, name, value)));

        expect(after.filter(([it]) => it === name)).toEqual([[name, value]]);
        expect(after.filter(([it]) => it !== name)).toEqual(before.filter(([it]) => it !== name));
      }),
      { numRuns: 5_000 },
    );
  });

  it('leaves every byte of the rest as it was', () => {
    fc.assert(
      fc.property(paths, names, unicode, (path, name, value) => {
        fc.pre(!confusable(name));
        const others = (query: string) =>
          query.split('&').filter((piece) => piece === '' || parsed(piece)[0]?.[0] !== name);

        const result = replaceQueryParameter(path, name, value);

        expect(result.slice(0, result.indexOf('?'))).toBe(path.split('?')[0]);
        const rest = others(queryOf(path));
        expect(others(queryOf(result))).toEqual(queryOf(path) === '' ? [] : rest);
      }),
      { numRuns: 5_000 },
    );
  });

  it('replaces the value of the attempt before', () => {
    fc.assert(
      fc.property(paths, names, unicode, unicode, (path, name, first, second) => {
        const attempt1 = replaceQueryParameter(path, name, first);

        expect(replaceQueryParameter(attempt1, name, second)).toBe(replaceQueryParameter(path, name, second));
      }),
      { numRuns: 5_000 },
    );
  });
});
