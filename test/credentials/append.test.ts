import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemsOf } from '../../src/credentials/appended.ts';
import { Injector } from '../../src/credentials/injector.ts';
import type { RequestToInject } from '../../src/credentials/kind.ts';
import { atOnce, credential, version } from './support.ts';

const injector = new Injector('prod/x', [
  credential('bearer', '{{ . }}'),
  credential('headers', { 'Anthropic-Beta': { append: 'ours-1, ours-2' } }),
]);
const secret = version('key');

/** What becomes of the header of a request that has these lines of it. */
function appended(lines: readonly string[], given: Partial<RequestToInject> = {}) {
  const headers = () => [['accept', '*/*'] as const, ...lines.map((line) => ['anthropic-beta', line] as const)];
  const { set, remove } = atOnce(injector, secret, { headers, ...given });
  expect(set.filter(({ name }) => name === 'authorization').map(({ value }) => value.toString())).toEqual([
    'Bearer key',
  ]);
  expect(remove).not.toContain('anthropic-beta');
  return set
    .filter(({ name }) => name === 'anthropic-beta')
    .map(({ value, append }) => `${append === true ? '+' : '='}${value.toString('latin1')}`);
}

describe('a header that is appended to', () => {
  it.each([
    ['none', [], ['+ours-1, ours-2']],
    ['one', ['theirs'], ['=theirs, ours-1, ours-2']],
    ['several lines', ['a', 'b,c'], ['=a, b,c, ours-1, ours-2']],
    ['an empty one', ['  '], ['=ours-1, ours-2']],
    ['a part of ours', ['ours-2,theirs'], ['=ours-2,theirs, ours-1']],
    ['all of ours', ['theirs', ' ours-2 ,ours-1'], []],
    ['one that only resembles ours', ['ours-1x, Ours-2'], ['=ours-1x, Ours-2, ours-1, ours-2']],
    ['ours inside of quotes', ['a="x, ours-1, ours-2, y"'], ['=a="x, ours-1, ours-2, y", ours-1, ours-2']],
    ['a quote that nobody closes', ['a="x'], ['=ours-1, ours-2, a="x']],
    ['a quote in a quote', ['a="\\""'], ['=a="\\"", ours-1, ours-2']],
    ['characters beyond ASCII', ['\xfcber'], ['=\xfcber, ours-1, ours-2']],
  ])('keeps what the caller has sent in it: %s', (_, lines, expected) => {
    expect(appended(lines)).toEqual(expected);
  });

  it('is left as it is on a retry, which bears what the attempt before has set', () => {
    const wasInjected = () => true;

    expect(appended(['theirs, ours-1, ours-2'], { attempt: 2, wasInjected })).toEqual([]);
    expect(appended([], { attempt: 2, wasInjected })).toEqual([]);
  });

  it('is set anew on a retry of an attempt that carried nothing', () => {
    expect(appended([], { attempt: 2 })).toEqual(['+ours-1, ours-2']);
  });

  it('has each of ours once, and all of theirs, whatever they are', () => {
    const lists = fc.array(fc.string({ unit: fc.constantFrom('a', ',', ' ', '"', '\\', 'ours-1'), maxLength: 12 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(lists, (lines) => {
        const [first] = appended(lines);
        if (first === undefined) return;
        const value = first.slice(1);
        const { items } = itemsOf(value);

        expect(items).toEqual(expect.arrayContaining(['ours-1', 'ours-2']));
        for (const line of lines) expect(value).toContain(line.trim());
        expect(appended([value], { attempt: 2, wasInjected: () => true })).toEqual([]);
      }),
    );
  });

  it('costs nothing for a request that has none: its injection is the same object', () => {
    expect(atOnce(injector, secret)).toBe(atOnce(injector, secret));
  });

  it.each([
    [{ 'anthropic-beta': { append: '' } }, /no item of a list/],
    [{ 'anthropic-beta': { append: ' a' } }, /no item of a list/],
    [{ 'anthropic-beta': { append: 'a,' } }, /no item of a list/],
    [{ 'anthropic-beta': { append: '{{ beta }}' } }, /plain text alone/],
    [{ 'anthropic-beta': { append: 'a', set: 'b' } }, /append alone/],
    [{ 'anthropic-beta': { append: 'a' }, 'Anthropic-Beta': '{{ . }}' }, /names a header twice/],
    [{ 'x-http-method-override': { append: 'DELETE' } }, /no integration may pass on/],
    [{ Cookie: { append: 'a=b' } }, /not passed on/],
    [{ 'content-length': { append: '1' } }, /steers the message/],
    [{ 'x-a': { append: 'a' }, 'x-b': 'plain' }, /no reference/],
  ])('is refused as %j', (spec, reason) => {
    expect(() => credential('headers', spec)).toThrow(reason);
  });
});
