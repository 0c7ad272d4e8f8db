import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methodFault } from '../../src/paths/method.ts';

/** The text in every mixture of small letters and capitals. */
const inAnyCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((small) => [...text].map((it, index) => (small[index] ? it.toLowerCase() : it)).join(''));

describe('a method', () => {
  it.each([
    ['TRACE', /send the key back/],
    ['TRACK', /send the key back/],
    ['DEBUG', /send the key back/],
    ['CONNECT', /no request for an API/],
    ['PRI', /no request for an API/],
  ])('is refused in any case when it is %s', (method, sentence) => {
    fc.assert(
      fc.property(inAnyCase(method), (written) => {
        expect(methodFault(written)).toMatch(sentence);
      }),
    );
  });

  it.each([
    '',
    ' ',
    'GET ',
    ' GET',
    'GET\t',
    'G ET',
    'GET\n',
    'GET\0',
    'GET/',
    '"GET"',
    'GÉT',
    'GET,POST',
    'GET\r\nX: y',
  ])('is refused when it is none of HTTP: %j', (method) => {
    expect(methodFault(method)).toBeDefined();
  });

  it('that Envoy does not show is refused with the mend', () => {
    expect(methodFault('')).toMatch(/forward_rules .* :method/);
  });

  it.each(['GET', 'POST', 'PATCH', 'patch', 'M-SEARCH', 'PROPFIND', 'QUERY', 'TRACES', 'X-TRACE'])(
    'is for the destination to judge otherwise: %s',
    (method) => {
      expect(methodFault(method)).toBeUndefined();
    },
  );
});
