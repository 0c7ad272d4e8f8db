import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { placeOfPlaceholder } from './placeholder.ts';

const nothing = { headers: {}, path: '/', body: Buffer.alloc(0) };
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

describe("a program's own key is found", () => {
  it.each([
    ['in a header', { headers: { 'x-api-key': 'sk_madeup' } }, 'a header'],
    ['among several headers of a name', { headers: { 'set-cookie': ['a=b', 'key=no-key'] } }, 'a header'],
    ['as the user of Basic', { headers: basic('no-key:') }, 'a header'],
    ['as the password of Basic', { headers: basic('api:no-key') }, 'a header'],
    ['as the password of a longer user', { headers: basic('ab:no-key') }, 'a header'],
    ['in the path', { path: '/botmadeup/getMe' }, 'the path or query'],
    ['in the query, escaped', { path: '/?key=no%2Dkey' }, 'the path or query'],
    ['in a body', { body: Buffer.from('{"api_key":"no-key"}') }, 'the body'],
    ['in a form', { body: Buffer.from('a=b&token=xoxb%2dmadeup') }, 'the body'],
    [
      'in a compressed body',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync('{"api_key":"madeup"}') },
      'the body',
    ],
    [
      'in a body compressed otherwise',
      { headers: { 'content-encoding': 'zstd' }, body: zstdCompressSync('{"api_key":"madeup"}') },
      'the body',
    ],
  ] as const)('%s', (_, request, place) => {
    expect(placeOfPlaceholder({ ...nothing, ...request } as typeof nothing)).toBe(place);
  });

  it('when a variable of the program holds it', () => {
    const request = { ...nothing, headers: { 'x-api-key': 'e2b_0123456789' } };

    expect(placeOfPlaceholder(request, { E2B_API_KEY: 'e2b_0123456789', E2B_DEBUG: '/' })).toBe('a header');
    expect(placeOfPlaceholder(request)).toBeUndefined();
  });

  it('nowhere in a request that has the real one', () => {
    const request = { headers: { ...basic('real-0123:'), host: 'api.x.com' }, path: '/a?b=c', body: Buffer.from('{}') };

    expect(placeOfPlaceholder(request)).toBeUndefined();
  });
});
