import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALWAYS_STRIPPED } from '../../src/credentials/callers-own.ts';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import { disguiseOf } from '../../src/credentials/disguise.ts';
import { Injector } from '../../src/credentials/injector.ts';
import { UnfitRequestError } from '../../src/credentials/unfit-request-error.ts';
import { atOnce, credential, version } from './support.ts';

const injector = (parameters: Record<string, string>) => new Injector('prod/x', [credential('query', parameters)]);

/** `:path` as it is sent, for a secret and a path. */
function sent(parameters: Record<string, string>, secret: string, path: string, attempt = 1): string | undefined {
  const { set } = atOnce(injector(parameters), version(secret), { path, attempt });
  return set.find(({ name }) => name === ':path')?.value.toString('latin1');
}

describe('a key in the query', () => {
  it.each([
    ['/v1/x', '/v1/x?key=k1'],
    ['/v1/x?', '/v1/x?key=k1'],
    ['/v1/x?a=1&b=2', '/v1/x?a=1&b=2&key=k1'],
    ['/v1/x?key=mine', '/v1/x?key=k1'],
    ['/v1/x?a=1&key=mine&b=2&key=mine-too&key', '/v1/x?a=1&key=k1&b=2'],
    ['/v1/x?%6bey=mine&unit=KEY', '/v1/x?key=k1&unit=KEY'],
    ['/v1/x?KEY=mine&a=1;key=mine&%2565ey=1', '/v1/x?a=1&%2565ey=1&key=k1'],
    ['/v1/x?a=%2f+%2F&&b', '/v1/x?a=%2f+%2F&&b&key=k1'],
    ['/?a=b?c=d#e', '/?a=b?c=d#e&key=k1'],
  ])('is put into %s once, and all else stays to the byte', (path, expected) => {
    expect(sent({ key: '{{ . }}' }, 'k1', path)).toBe(expected);
  });

  it('is the only header that is written, beside those that are taken away', () => {
    const { set, remove } = atOnce(injector({ key: '{{ . }}' }), version('k1'));

    expect(set.map(({ name }) => name)).toEqual([':path']);
    expect(remove).toEqual(ALWAYS_STRIPPED);
  });

  it('is percent-encoded, whatever it holds', () => {
    expect(sent({ key: '{{ . }}' }, 'a&b=c#d e+f/ü%', '/')).toBe('/?key=a%26b%3Dc%23d%20e%2Bf%2F%C3%BC%25');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        fc.pre(disguiseOf(key) === undefined);
        const path = sent({ 'k[]': '{{ /k }}' }, JSON.stringify({ k: key }), '/x?a=1') ?? '';

        expect(path).toMatch(/^[\x21-\x7e]+$/);
        expect([...new URL(path, 'http://x').searchParams]).toEqual([
          ['a', '1'],
          ['k[]', key],
        ]);
      }),
    );
  });

  it('is replaced by that of another version at each further attempt, as if the first had never been', () => {
    const it = injector({ key: '{{ . }}', unit: 'metric' });
    let path = '/v1/x?a=1&key=mine&b=2';
    for (const [index, secret] of ['first', 'second-longer', '3'].entries()) {
      const { set } = atOnce(it, version(secret, secret), { path, attempt: index + 1 });
      path = set.find(({ name }) => name === ':path')?.value.toString() ?? '';

      expect(path).toBe(`/v1/x?a=1&key=${secret}&b=2&unit=metric`);
    }
  });

  it('leaves a path alone that holds it already', () => {
    const { set } = atOnce(injector({ key: '{{ . }}' }), version('k1'), { path: '/x?key=k1', attempt: 2 });

    expect(set).toEqual([]);
  });

  it('is refused for a request without a path', () => {
    expect(() => sent({ key: '{{ . }}' }, 'k1', '*')).toThrow(UnfitRequestError);
  });

  it.each([['no json'], ['{"other":"k"}'], ['{"key":"a\\nb"}'], ['{"key":""}']])('refuses the secret %j', (secret) => {
    expect(() => sent({ key: '{{ key }}' }, secret, '/')).toThrow(CredentialError);
  });

  it.each([[{}], [{ key: 'plain' }], [{ 'a b': '{{ . }}' }], [{ '': '{{ . }}' }], ['{{ . }}'], [{ key: 7 }]])(
    'is refused when it is read as %j',
    (spec) => {
      expect(() => credential('query', spec)).toThrow();
    },
  );
});
