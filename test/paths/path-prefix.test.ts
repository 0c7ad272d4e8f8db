import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathError } from '../../src/paths/path-error.ts';
import { encodeSegment, prefixFault, prefixSegments, withoutPrefix, withPrefix } from '../../src/paths/path-prefix.ts';
import { queries, unicode } from './support.ts';

/** The path of a later attempt: with this prefix in the place of an earlier one of as many segments. */
const replaced = (path: string, prefix: string) => withPrefix(withoutPrefix(path, prefixSegments(prefix)), prefix);

describe('a value in a path segment', () => {
  it.each([
    ['123456:ABC-DEF1234ghIkl', '123456:ABC-DEF1234ghIkl'],
    ["-._~!$&'()*+,;=:@", "-._~!$&'()*+,;=:@"],
    ['a/b?c#d%e\\f', 'a%2Fb%3Fc%23d%25e%5Cf'],
    ['%2f%24', '%252f%2524'],
    ['a b"<>[]^`{|}', 'a%20b%22%3C%3E%5B%5D%5E%60%7B%7C%7D'],
    ['é😀\n\0', '%C3%A9%F0%9F%98%80%0A%00'],
  ])('%j stands there as %s', (value, expected) => {
    expect(encodeSegment(value)).toBe(expected);
  });

  it('is one segment of the allowed characters, and decodes to itself', () => {
    fc.assert(
      fc.property(unicode, (value) => {
        const segment = encodeSegment(value);

        expect(segment).toMatch(/^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*$/);
        expect(decodeURIComponent(segment)).toBe(value);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a path prefix', () => {
  it.each(['/bot123:abc', '/a/b', '/bot', '/...', '/.a', '/a..', '/a;b', '/%C3%A9', '/a%2Fb'])(
    'may be %s',
    (prefix) => {
      expect(prefixFault(prefix)).toBeUndefined();
    },
  );

  it.each([
    ['', /begin with/],
    ['bots3cr3t', /begin with/],
    ['/', /empty segment/],
    ['/s3cr3t/', /empty segment/],
    ['/s3cr3t//b', /empty segment/],
    ['/;s3cr3t', /empty segment/],
    ['/.', /dot segment/],
    ['/..', /dot segment/],
    ['/s3cr3t/..', /dot segment/],
    ['/./s3cr3t', /dot segment/],
    ['/..;s3cr3t', /dot segment/],
    ['/%2e%2E', /dot segment/],
    ['/.%2e/s3cr3t', /dot segment/],
    ['/s3cr3t%2F..', /dot segment/],
    ['/s3cr3t%5c..%5c', /dot segment/],
    ['/%252e%252e', /dot segment/],
    ['/s3cr3t?a', /no path may hold/],
    ['/s3cr3t#a', /no path may hold/],
    ['/s3 cr3t', /no path may hold/],
    ['/s3cr3t%', /no path may hold/],
    ['/s3cr3t%2', /no path may hold/],
    ['/s3cr3té', /no path may hold/],
    ['/s3\\cr3t', /no path may hold/],
  ])('may not be %j, and the reason does not quote it', (prefix, reason) => {
    const fault = prefixFault(prefix);

    expect(fault?.reason).toMatch(reason);
    expect(`${fault?.reason} ${fault?.mend}`).not.toMatch(/s3|cr3t/);
  });

  it.each(['', '.', '..', '..;a', '.;'])('is at fault when the whole segment is the value %j', (value) => {
    expect(prefixFault(`/v1/${encodeSegment(value)}`)).toBeDefined();
    expect(prefixFault(`/${encodeSegment(value)}/v1`)).toBeDefined();
  });

  it.each([
    ['/getMe', '/bot1/getMe'],
    ['/', '/bot1/'],
    ['/?a=/x', '/bot1/?a=/x'],
    ['/getMe?url=/../x', '/bot1/getMe?url=/../x'],
    ['//x', '/bot1//x'],
    ['/...', '/bot1/...'],
    ['/\xe9%zz', '/bot1/\xe9%zz'],
  ])('stands before %s', (path, expected) => {
    expect(withPrefix(path, '/bot1')).toBe(expected);
  });

  it.each([
    ['/bot1/getMe', '/bot2', '/bot2/getMe'],
    ['/bot1/', '/bot2', '/bot2/'],
    ['/bot1/?a=/x', '/bot2', '/bot2/?a=/x'],
    ['/a/1/getMe', '/a/2', '/a/2/getMe'],
    ['/bot1//x', '/bot2', '/bot2//x'],
  ])('replaces the one in %s', (path, prefix, expected) => {
    expect(replaced(path, prefix)).toBe(expected);
  });

  it.each(['', '*', 'getMe', '?a=/b', 'http://h/'])('stands before no such thing as %j', (path) => {
    expect(() => withPrefix(path, '/bots3cr3t')).toThrow(PathError);
    expect(() => replaced(path, '/bots3cr3t')).toThrow(PathError);
  });

  it.each(['/bot1', '/bot1?/x', '/bot1?a'])('is not replaced in %s, which cannot hold one', (path) => {
    expect(() => replaced(path, '/bot2')).toThrow(PathError);
  });

  it.each([
    '/..',
    '/../bot9/getMe',
    '/./x',
    '/a/../../bot9',
    '/%2e%2e/bot9',
    '/.%2E/bot9',
    '/%252e%252e/bot9',
    '/a%2f..%2fbot9',
    '/..%2fbot9',
    '/..%5Cbot9',
    '/..\\bot9',
    '\\..\\bot9',
    '/..;/bot9',
    '/..%3b/bot9',
    '/..%3fbot9',
    '/..#bot9',
    '/a%255c..%255cbot9',
    '/..?a',
  ])('does not stand before %s, which could climb out of it', (path) => {
    expect(() => withPrefix(path, '/bots3cr3t')).toThrow(PathError);
    expect(() => replaced(`/bot1${path}`, '/bots3cr3t')).toThrow(PathError);
  });

  const values = unicode.filter((value) => prefixFault(`/${encodeSegment(value)}`) === undefined);
  const prefixes = fc.integer({ min: 1, max: 4 }).chain((segments) =>
    fc.array(
      fc
        .array(values, { minLength: segments, maxLength: segments })
        .map((it) => it.map((v) => `/${encodeSegment(v)}`).join('')),
      { minLength: 2, maxLength: 4 },
    ),
  );
  const paths = queries(['/', '..', 'x']).map((text) => `/${text}`);

  it('gives on every attempt what it had given on the first', () => {
    fc.assert(
      fc.property(paths, prefixes, (path, attempts) => {
        let current: string;
        try {
          current = withPrefix(path, attempts[0] ?? '');
        } catch (error) {
          expect(error).toBeInstanceOf(PathError);
          return;
        }
        for (const prefix of attempts) {
          current = replaced(current, prefix);

          expect(current).toBe(prefix + path);
          expect(withoutPrefix(current, prefixSegments(prefix))).toBe(path);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('does not stand before a path in which it stands already', () => {
    expect(() => withPrefix('/bots3cr3t/getMe', '/bots3cr3t')).toThrow(PathError);
    expect(withPrefix('/bots3cr3tX/getMe', '/bots3cr3t')).toBe('/bots3cr3t/bots3cr3tX/getMe');
  });

  it('leads every path that it stands before, as a URL parser reads it', () => {
    fc.assert(
      fc.property(paths, values, (path, value) => {
        const prefix = `/${encodeSegment(value)}`;
        let result: string;
        try {
          result = withPrefix(path, prefix);
        } catch {
          return;
        }

        expect(new URL(`http://h${result}`).pathname.split('/')[1]).toBe(
          new URL(`http://h${prefix}`).pathname.slice(1),
        );
      }),
      { numRuns: 3_000 },
    );
  });
});
