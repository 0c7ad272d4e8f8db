import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalSegments } from '../../src/paths/canonical-path.ts';
import { ambiguousPaths } from './ambiguous-paths.ts';
import { asBytes } from './support.ts';

/** Paths of pieces that servers are known to differ on. */
const trickyPaths = fc
  .array(
    fc.constantFrom(
      ...[
        '/',
        '/',
        '/',
        'a',
        'b',
        '.',
        '..',
        '%2e',
        '%2E',
        '%2f',
        '%5C',
        '\\',
        ';',
        ';x=1',
        '%3b',
        '%252e',
        '%25',
        '2e',
        '%',
      ],
      ...[
        '%20',
        ' ',
        '\t',
        '%00',
        '%41',
        '%C3%A9',
        '\xc3\xa9',
        '%c0%af',
        '\xff',
        '?',
        '#',
        '%3f',
        '%23',
        '+',
        '%u002e',
        '~',
        ':',
      ],
    ),
    { maxLength: 10 },
  )
  .map((pieces) => `/${pieces.join('')}`);

/** How kinds of servers come from a path to segments, each in its own way. */
const readers: Record<string, (path: string) => string[]> = {
  'a URL parser': (path) =>
    split(new URL(`http://h${escaped(path)}`).pathname).map((segment) => decodeURIComponent(segment)),
  'one that decodes, then resolves': (path) => split(posix.normalize(decodeURIComponent(escaped(beforeQuery(path))))),
  'one that resolves, then decodes': (path) => split(decodeURIComponent(escaped(posix.normalize(beforeQuery(path))))),
  'one that decodes first, then finds the query': (path) => split(beforeQuery(leniently(path))),
  'one that decodes first, then takes path parameters out': (path) =>
    split(posix.normalize(decodeURIComponent(escaped(beforeQuery(path))).replace(/;[^/]*/g, ''))),
  'one that takes path parameters out, then decodes': (path) =>
    split(posix.normalize(decodeURIComponent(escaped(beforeQuery(path)).replace(/;[^/]*/g, '')))),
  'one that decodes twice': (path) => {
    const once = decodeURIComponent(escaped(beforeQuery(path)));
    return split(once.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16))));
  },
  'one that takes backslashes for slashes': (path) =>
    split(posix.normalize(decodeURIComponent(escaped(beforeQuery(path))).replaceAll('\\', '/'))),
  'one that ends at a zero byte': (path) => split(decodeURIComponent(escaped(beforeQuery(path))).replace(/\0.*/s, '')),
};

const split = (path: string) => path.replace(/^\//, '').split('/');
const escaped = (path: string) => path.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
/** Decoded as servers do that take malformed escapes and bytes for what they can. */
const leniently = (path: string) =>
  Buffer.from(
    path.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  ).toString('utf8');
function beforeQuery(path: string): string {
  return path.replace(/[?#].*$/s, '');
}

describe('the one reading of a path', () => {
  it.each<[string, string[]]>([
    ['/', ['']],
    ['/v1', ['v1']],
    ['/v1/', ['v1', '']],
    ['/v1/charges/ch_1', ['v1', 'charges', 'ch_1']],
    ['/v1/charges?/../x', ['v1', 'charges']],
    ['/?a', ['']],
    ['/v1/a%20b', ['v1', 'a b']],
    ['/v1/%41%62', ['v1', 'Ab']],
    ['/v1/%7e~', ['v1', '~~']],
    ['/v1/%c3%A9', ['v1', 'é']],
    ['/v1/\xc3\xa9', ['v1', 'é']],
    ['/v1/%F0%9F%98%80', ['v1', '😀']],
    [`/v1/a${'%CC%A3'.repeat(30)}`, ['v1', `a${'\u0323'.repeat(30)}`]],
    ['/v1/%e4%bd%95%ef%bc%9f', ['v1', '何？']],
    ['/v1/a+b@c:d=e&f,g', ['v1', 'a+b@c:d=e&f,g']],
    ['/v1/{"a":[1]}', ['v1', '{"a":[1]}']],
    ['/v1/*/**', ['v1', '*', '**']],
    ['/v1/%2A', ['v1', '*']],
    ['/v1/100%25', ['v1', '100%']],
    ['/v1/50%25off', ['v1', '50%off']],
    ['/.well-known/x', ['.well-known', 'x']],
    ['/v1/main...dev', ['v1', 'main...dev']],
    ['/v1/..a/b..', ['v1', '..a', 'b..']],
    ['/v1/a.%20', ['v1', 'a. ']],
    ['/v1/👩%E2%80%8D💻'.replace(/\P{ASCII}+/gu, asBytes), ['v1', '👩\u200d💻']],
  ])('of %s is %j', (path, segments) => {
    expect(canonicalSegments(path)).toEqual(segments);
  });

  it.each(ambiguousPaths)('there is none with %s: %j', (_, path) => {
    expect(canonicalSegments(path)).toBeUndefined();
  });

  it.each(Object.entries(readers))('is also that of %s', (_, read) => {
    let compared = 0;
    fc.assert(
      fc.property(trickyPaths, (path) => {
        const segments = canonicalSegments(path);
        if (segments === undefined) return;
        compared += 1;

        expect(read(path)).toEqual(segments);
      }),
      { numRuns: 5_000 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  it('is the same however the characters are escaped', () => {
    const segment = fc.string({ unit: fc.constantFrom(..."aZ09-_~!$&'()*+,=:@ é☃😀"), minLength: 1, maxLength: 6 });
    const plain = segment.filter((text) => text.trim() !== '');
    const spelling = fc.array(fc.constantFrom('as is', 'upper', 'lower'), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(fc.array(plain, { minLength: 1, maxLength: 4 }), spelling, (segments, how) => {
        let index = 0;
        const spell = (byte: string) => {
          const way = byte === ' ' ? 'upper' : (how[index++ % how.length] ?? 'upper');
          const digits = byte.charCodeAt(0).toString(16).padStart(2, '0');
          return way === 'as is' ? byte : `%${way === 'upper' ? digits.toUpperCase() : digits}`;
        };
        const path = segments.map((text) => `/${[...asBytes(text)].map(spell).join('')}`).join('');

        expect(canonicalSegments(path)).toEqual(segments);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a reading that keeps delimiters as text', () => {
  const text = { delimiters: 'text' } as const;

  it.each<[string, string[]]>([
    ['/repos/o/r/git/ref/heads%2Fmain', ['repos', 'o', 'r', 'git', 'ref', 'heads/main']],
    ['/repos/o/r/contents/src%2fa%23b%3Fc', ['repos', 'o', 'r', 'contents', 'src/a#b?c']],
    ['/repos/o/r/branches/%23123', ['repos', 'o', 'r', 'branches', '#123']],
    ['/repos/o/r/a;b%3Bc', ['repos', 'o', 'r', 'a;b;c']],
    ['/repos/o%2Fr/x', ['repos', 'o/r', 'x']],
  ])('of %s is %j', (path, segments) => {
    expect(canonicalSegments(path, text)).toEqual(segments);
  });

  it.each([
    '/repos/o/r/contents/..%2F..%2Fother',
    '/repos/o/r/a%2F..',
    '/repos/o/r/..%2fx',
    '/repos/o/r/%2e%2e%2fx',
    '/repos/o/r/a%2F%2E%2E%2Fx',
    '/repos/o/r/..;/x',
    '/repos/o/r/..%3bx',
    '/repos/o/r/..%23x',
    '/repos/o/r/..%3Fx',
    '/repos/o/r/;/x',
    '/repos/o/r/%2Fx',
    '/repos/o/r/x%2F',
    '/repos/o/r/a%2F%2Fb',
    '/repos/o/r/a%5C..%5Cx',
    '/repos/o/r/a\\x',
    '/repos/o/r/%252e%252e%252fx',
    '/repos/o/r/..%EF%BC%8Fx',
    '/repos/o/r/a#x',
    '/repos/o/r/../x',
    '/repos/o/r//x',
    '/repos/o/r/%00',
  ])('there is none of %s', (path) => {
    expect(canonicalSegments(path, text)).toBeUndefined();
  });

  it('has first segments that every other reader sees too', () => {
    fc.assert(
      fc.property(trickyPaths, (tail) => {
        const path = `/repos/o/r${tail}`;
        if (canonicalSegments(path, text) === undefined) return;
        for (const [name, read] of Object.entries(readers)) {
          expect(read(path).slice(0, 3), name).toEqual(['repos', 'o', 'r']);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
