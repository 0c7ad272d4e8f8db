import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALWAYS_STRIPPED } from '../../src/credentials/callers-own.ts';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import { disguiseOf } from '../../src/credentials/disguise.ts';
import { Injector } from '../../src/credentials/injector.ts';
import { UnfitRequestError } from '../../src/credentials/unfit-request-error.ts';
import { atOnce, credential, version } from './support.ts';

const injector = (prefix: string) => new Injector('prod/x', [credential('path', prefix)]);

/** `:path` as it is sent, for a secret and a path. */
function sent(prefix: string, secret: string, path: string, attempt = 1): string | undefined {
  const { set } = atOnce(injector(prefix), version(secret), { path, attempt });
  return set.find(({ name }) => name === ':path')?.value.toString('latin1');
}

describe('a key in the path', () => {
  it.each([
    ['/bot{{ . }}', '123:A-b_c', '/getMe', '/bot123:A-b_c/getMe'],
    ['/bot{{ token }}', '{"token":"1"}', '/x?a=%2f&b', '/bot1/x?a=%2f&b'],
    ['/v2/{{ /a/id }}/{{ /a/key }}', '{"a":{"id":"i","key":"k"}}', '/', '/v2/i/k/'],
    ['/{{ . }}', 'k', '//a//b', '/k//a//b'],
  ])('%s of %j stands before %s', (prefix, secret, path, expected) => {
    expect(sent(prefix, secret, path)).toBe(expected);
  });

  it('is the only header that is written, beside those that are taken away', () => {
    const { set, remove } = atOnce(injector('/bot{{ . }}'), version('k1'));

    expect(set.map(({ name }) => name)).toEqual([':path']);
    expect(remove).toEqual(ALWAYS_STRIPPED);
  });

  it('never adds a segment or a query, whatever the secret holds', () => {
    expect(sent('/bot{{ . }}', 'a/b?c#d%e f', '/x')).toBe('/bota%2Fb%3Fc%23d%25e%20f/x');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        fc.pre(disguiseOf(key) === undefined);
        let path: string | undefined;
        try {
          path = sent('/bot{{ /k }}', JSON.stringify({ k: key }), '/x');
        } catch (error) {
          // Some servers would see a segment of dots in it.
          expect(error).toBeInstanceOf(CredentialError);
          return;
        }
        const [empty, first = '', last, ...more] = path?.split('/') ?? [];

        expect([empty, last, more]).toEqual(['', 'x', []]);
        expect(decodeURIComponent(first)).toBe(`bot${key}`);
      }),
    );
  });

  it('is replaced by that of another version at each further attempt, as if the first had never been', () => {
    const it = injector('/v1/{{ . }}/api');
    let path = '/v1/caller?q=1';
    for (const [index, secret] of ['first', 'a/b', '3'].entries()) {
      const { set } = atOnce(it, version(secret, secret), { path: index === 0 ? path : it.callersPath(path) });
      path = set.find(({ name }) => name === ':path')?.value.toString() ?? '';

      expect(path).toBe(`/v1/${encodeURIComponent(secret)}/api/v1/caller?q=1`);
    }
  });

  it('does not take what a caller puts there for its own', () => {
    expect(sent('/bot{{ . }}', 'k1', '/botmine/getMe')).toBe('/botk1/botmine/getMe');
  });

  it.each(['*', 'x', '/../getMe', '/a/%2e%2e/b', '/a/..;x/b', '/..%2f'])('is not put before %s', (path) => {
    expect(() => sent('/bot{{ . }}', 'k1', path)).toThrow(UnfitRequestError);
  });

  it.each([
    ['/{{ . }}', '.'],
    ['/{{ . }}', '..'],
    ['/{{ . }}', ''],
    ['/bot{{ . }}', 'a\nb'],
  ])('%s refuses the secret %j', (prefix, secret) => {
    expect(() => sent(prefix, secret, '/x')).toThrow(CredentialError);
  });

  it.each([
    'bot{{ . }}',
    '/bot',
    '/bot{{ . }}/',
    '/bot{{ . }}?x=1',
    '//{{ . }}',
    '/../{{ . }}',
    '/a b/{{ . }}',
    { prefix: '/{{ . }}' },
  ])('is refused when it is read as %j', (spec) => {
    expect(() => credential('path', spec)).toThrow();
  });
});
