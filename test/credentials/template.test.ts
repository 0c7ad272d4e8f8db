import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import { Template, TemplateError } from '../../src/credentials/template.ts';
import { SecretVersion } from '../../src/secrets/secret-version.ts';

const render = (template: string, value: string) =>
  Template.parse(template).render('prod/x', new SecretVersion('11112222-3333', value));

describe('a template', () => {
  it.each([
    ['{{ api_key }}', '{"api_key":"k1"}', 'k1'],
    ['{{api_key}}', '{"api_key":"k1"}', 'k1'],
    ['id={{ id }} key={{ key }}', '{"id":"a","key":"b"}', 'id=a key=b'],
    ['{{ a.b }}', '{"a.b":"dotted"}', 'dotted'],
    ['{{ /a/b }}', '{"a":{"b":"deep"}}', 'deep'],
    ['{{ /list/1 }}', '{"list":["x","y"]}', 'y'],
    ['{{ /a~1b/m~0n }}', '{"a/b":{"m~n":"escaped"}}', 'escaped'],
    ['{{ / }}', '{"":"empty name"}', 'empty name'],
    ['{{ . }}', 'the whole', 'the whole'],
    ['{{ . }}', 'one newline goes\n', 'one newline goes'],
    ['{{ . }}', 'as Windows writes it\r\n', 'as Windows writes it'],
    ['{{ key }}', '{"key":"k\\n"}', 'k'],
    ['{{ number }}', '{"number":42}', '42'],
    ['{{ . }}', 'naïve ключ 🔑', 'naïve ключ 🔑'],
  ])('%s of %s is %s', (template, value, expected) => {
    expect(render(template, value)).toBe(expected);
  });

  it.each([
    ['{{ missing }}', '{"key":"s3cr3t"}', /has no field \{\{ missing \}\}/],
    ['{{ /a/b }}', '{"a":"s3cr3t"}', /has no field/],
    ['{{ toString }}', '{"key":"s3cr3t"}', /has no field/],
    ['{{ __proto__ }}', '{"key":"s3cr3t"}', /has no field/],
    ['{{ key }}', '{"key":{"s3cr3t":1}}', /is no text/],
    ['{{ key }}', '{"key":null}', /is no text/],
    ['{{ key }}', '{"key":true}', /is no text/],
    ['{{ key }}', 's3cr3t', /is not JSON/],
    ['{{ key }}', '{"key":"s3cr3t"', /is not JSON/],
    ['{{ key }}', '{"key":""}', /is empty/],
    ['{{ . }}', '\n', /is empty/],
    ['{{ . }}', 's3cr3t\n\n', /line break/],
    ['{{ . }}', 's3\ncr3t', /line break/],
    ['{{ . }}', 's3\rcr3t', /line break/],
    ['{{ . }}', 's3\0cr3t', /control character/],
    ['{{ key }}', '{"key":"s3\\u0000cr3t"}', /control character/],
    ['{{ key }}', '{"key":"s3cr3t\\ud800"}', /well-formed/],
  ])('%s of %j is refused without quoting the secret', (template, value, message) => {
    let thrown: unknown;
    try {
      render(template, value);
    } catch (error) {
      thrown = error;
    }

    expect(thrown).toBeInstanceOf(CredentialError);
    expect((thrown as Error).message).toMatch(message);
    expect((thrown as Error).message).toMatch(/prod\/x/);
    expect((thrown as Error).message).not.toMatch(/s3|cr3t/);
  });

  it.each([
    '{{',
    '}}',
    '{{ a',
    'a }}',
    '{{ a }} }}',
    '{{ }}',
    '{{ a b }}',
    '{{ /a~2 }}',
    '{{ {{ a }} }}',
    'line\nbreak {{ a }}',
    'é{{ a }}',
  ])('%j is refused when it is read', (text) => {
    expect(() => Template.parse(text)).toThrow(TemplateError);
  });

  it('leaves plain text as it is, whatever stands in the secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abc XYZ019:/=_-$') }), fc.string(), (text, value) => {
        expect(render(text, value)).toBe(text);
      }),
    );
  });

  it('finds every field of a JSON secret by its pointer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom(...'ab/~.01 ') }), { minLength: 1, maxLength: 4 }),
        (path) => {
          const secret = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), 'found');
          const pointer = path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
          fc.pre(pointer === pointer.trim());
          expect(render(`{{ ${pointer} }}`, JSON.stringify(secret))).toBe('found');
        },
      ),
    );
  });
});
