import { describe, expect, it } from 'vitest';
import { ALWAYS_STRIPPED } from '../../src/credentials/callers-own.ts';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import { Injector } from '../../src/credentials/injector.ts';
import { atOnce, credential, version } from './support.ts';

const fill = (key: string, spec: unknown, value: string) =>
  Object.fromEntries(
    atOnce(new Injector('prod/x', [credential(key, spec)]), version(value)).set.map(({ name, value: bytes }) => [
      name,
      bytes.toString(),
    ]),
  );

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('kinds of credentials', () => {
  it.each([
    ['bearer', '{{ key }}', '{"key":"k1"}', { authorization: 'Bearer k1' }],
    ['basic', { username: '{{ key }}' }, '{"key":"k1"}', { authorization: `Basic ${base64('k1:')}` }],
    ['basic', { username: 'api', password: '{{ . }}' }, 'p:w', { authorization: `Basic ${base64('api:p:w')}` }],
    ['basic', { password: '{{ . }}' }, 'schlüssel', { authorization: `Basic ${base64(':schlüssel')}` }],
    ['headers', { 'X-Api-Key': '{{ . }}' }, 'k1', { 'x-api-key': 'k1' }],
    [
      'headers',
      { 'x-id': '{{ id }}', 'x-key': 'v1 {{ key }}', 'x-plain': 'text' },
      '{"id":"a","key":"b"}',
      { 'x-id': 'a', 'x-key': 'v1 b', 'x-plain': 'text' },
    ],
  ])('%s %j', (key, spec, secret, expected) => {
    expect(fill(key, spec, secret)).toEqual(expected);
  });

  it.each([
    ['bearer', 'sk_live_literal'],
    ['bearer', '{{ key'],
    ['bearer', { token: '{{ key }}' }],
    ['bearer', 7],
    ['basic', { username: 'only text' }],
    ['basic', { user: '{{ key }}' }],
    ['basic', {}],
    ['headers', {}],
    ['headers', { 'x-plain': 'text' }],
    ['headers', { host: '{{ . }}' }],
    ['headers', { 'Content-Length': '{{ . }}' }],
    ['headers', { ':path': '{{ . }}' }],
    ['headers', { 'x-envoy-max-retries': '{{ . }}' }],
    ['headers', { 'x key': '{{ . }}' }],
    ['headers', { 'x-key': '{{ . }}', 'X-KEY': '{{ . }}' }],
  ])('%s %j is refused when it is read', (key, spec) => {
    expect(() => credential(key, spec)).toThrow();
  });

  it.each([
    ['basic', { username: '{{ . }}' }, 'with:colon'],
    ['headers', { 'x-key': '{{ . }}' }, ' blank first'],
    ['headers', { 'x-key': '{{ . }}' }, 'blank last '],
    ['bearer', '{{ . }}', 'x'.repeat(32_768)],
  ])('%s %j refuses a secret that cannot be sent', (key, spec, secret) => {
    expect(() => fill(key, spec, secret)).toThrow(CredentialError);
  });
});

describe('an injector', () => {
  it('gives the same object for the same version, and another one for the next', () => {
    const injector = new Injector('prod/x', [credential('bearer', '{{ . }}')]);
    const [first, second] = [version('one'), version('two', 'v2')];

    const injection = atOnce(injector, first);

    expect(atOnce(injector, first)).toBe(injection);
    expect(atOnce(injector, second)).not.toBe(injection);
    expect(atOnce(injector, second).set[0]?.value.toString()).toBe('Bearer two');
  });

  it("strips every header that may carry a caller's credential, unless it is written anyway", () => {
    const injector = new Injector('prod/x', [credential('headers', { 'x-api-key': '{{ . }}' })]);

    const { set, remove } = atOnce(injector, version('one'));

    expect([...set.map(({ name }) => name), ...remove].sort()).toEqual([...ALWAYS_STRIPPED].sort());
  });

  it('refuses an unusable version each time, and at the cost of one attempt', () => {
    const injector = new Injector('prod/x', [credential('bearer', '{{ key }}')]);
    const broken = version('no json');

    const errors = [0, 1].map(() => {
      try {
        return atOnce(injector, broken);
      } catch (error) {
        return error;
      }
    });

    expect(errors[0]).toBeInstanceOf(CredentialError);
    expect(errors[1]).toBe(errors[0]);
  });
});
