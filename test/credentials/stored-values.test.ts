import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CredentialError } from '../../src/credentials/credential-error.ts';
import { Injector } from '../../src/credentials/injector.ts';
import { pemText } from '../../src/credentials/pem.ts';
import { SecretFields } from '../../src/credentials/secret-fields.ts';
import { Template } from '../../src/credentials/template.ts';
import { parseSecretJson } from '../../src/secrets/secret-json.ts';
import { atOnce, credential, version } from './support.ts';

const render = (template: string, value: string) => Template.parse(template).render('prod/x', version(value));

/** What is said of a secret that is refused. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CredentialError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

/** Keys as the field makes them: prefixes, base64 and its URL form, hexadecimal digits, UUIDs, user:password. */
const keys = fc.oneof(
  fc.stringMatching(/^sk[-_](?:live|test|proj)[-_][A-Za-z0-9_-]{20,40}$/),
  fc.base64String({ minLength: 8, maxLength: 88 }).filter((text) => text !== ''),
  fc.stringMatching(/^[0-9a-f]{32}$/),
  fc.uuid(),
  fc
    .stringMatching(/^[!-~]{12,30}$/)
    .filter((text) => !/^["'`\\<{$%]|\\[nr]$|\*{6}|\.{3}$|^[A-Z][A-Z0-9]*_[A-Z0-9_]*=/.test(text)),
);

describe('a key as stores, editors and shells leave it', () => {
  it('is sent as it is, whatever keys look like, with a byte order mark before it and a newline behind it', () => {
    fc.assert(
      fc.property(keys, fc.constantFrom('', '\ufeff'), fc.constantFrom('', '\n', '\r\n'), (key, mark, end) => {
        expect(render('{{ . }}', `${mark}${key}${end}`)).toBe(key);
        expect(render('{{ k }}', `${mark}${JSON.stringify({ k: `${key}${end}` })}${end}`)).toBe(key);
        expect(new SecretFields('prod/x', version(`${mark}${JSON.stringify({ k: key })}`)).required('k')).toBe(key);
      }),
    );
  });

  it.each([
    ['sk-canary\n\n', /more than one line break/],
    ['sk-canary\r', /half of one/],
    ['sk-can\nary', /line break/],
    [' sk-canary', /begins or ends with a blank/],
    ['sk-canary ', /begins or ends with a blank/],
    ['sk-canary\t', /control character/],
    ['\u00a0sk-canary', /blank that does not break/],
    ['sk-canary\u3000', /not ASCII/],
    ['sk-\u200bcanary', /nobody sees/],
    ['\ufeff\ufeffsk-canary', /nobody sees/],
    ['sk-canary\u2060', /nobody sees/],
    ['"sk-canary"', /stands in quotes, as jsonencode/],
    ['\\"sk-canary\\"', /stands in quotes, as jsonencode/],
    ["'sk-canary'", /stands in quotes/],
    ['`sk-canary`', /stands in quotes/],
    ['\u201csk-canary\u201d', /stands in quotes/],
    ['sk-canary\\n', /backslash and a letter/],
    ['s\0k\0-\0c\0a\0n\0a\0r\0y\0', /UTF-16/],
    ['sk-\ufffdcanary', /wrong encoding/],
    [`${'c2stY2FuYXJ5'.repeat(6)}\n${'c2stY2FuYXJ5'.repeat(2)}`, /base64 -w 0/],
    [Buffer.from('sk-canary-1').toString('base64'), /base64 once more/],
    [Buffer.from('ghp_canary1\n').toString('base64'), /base64 once more/],
    [Buffer.from('canary-0123\n').toString('base64'), /base64 once more/],
    ['OPENAI_API_KEY=sk-canary', /line of an .env file/],
    ['export OPENAI_API_KEY=sk-canary', /line of an .env file/],
    ['-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----', /is a file in PEM/],
    ['REPLACE_ME', /placeholder/],
    ['changeme', /placeholder/],
    ['your-api-key', /placeholder/],
    ['YOUR_API_KEY_HERE', /placeholder/],
    ['<api key>', /placeholder/],
    [`$${'{CANARY}'}`, /placeholder/],
    ['{{ canary }}', /placeholder/],
    ['null', /placeholder/],
    ['\u2026', /dots/],
    ['sk-canary...', /dots/],
    ['••••••••', /masked/],
    ['sk-********nary', /masked/],
  ])('is refused as %j, by a sentence that names the secret, the reason and the mend', (value, reason) => {
    for (const message of [
      refusal(() => render('{{ . }}', value)),
      refusal(() => render('{{ k }}', JSON.stringify({ k: value }))),
    ]) {
      expect(message).toMatch(/^secret prod\/x .*; ./);
      expect(message).toMatch(reason);
      expect(message).not.toMatch(/canary|c2stY2|Z2hwX2|Y2FuYX/i);
    }
  });

  it.each([
    ['bearer', '{{ . }}', 'Bearer canary', 'Bearer'],
    ['bearer', '{{ . }}', 'bearer canary', 'Bearer'],
    ['headers', { authorization: 'Token {{ . }}' }, 'token canary', 'Token'],
    ['headers', { authorization: 'DeepL-Auth-Key {{ . }}' }, 'DeepL-Auth-Key canary', 'DeepL-Auth-Key'],
  ])('is refused when it repeats the word that %s puts before it: %j of %j', (kind, spec, value, word) => {
    const message = refusal(() => atOnce(new Injector('prod/x', [credential(kind, spec)]), version(value)));

    expect(message).toBe(
      `secret prod/x holds the word ${word} before the key, which is added to it anyway; store the key alone`,
    );
  });

  it.each([
    ['bearer', 'Bearer {{ . }}'],
    ['basic', { username: 'Basic {{ . }}' }],
    ['headers', { 'x-api-key': 'X-API-Key: {{ . }}' }],
    ['query', { key: 'key={{ . }}' }],
    ['headers', { authorization: 'Authorization Bearer {{ . }}' }],
  ])('is refused where %s: %j repeats what is added anyway', (kind, spec) => {
    expect(() => credential(kind, spec)).toThrow(/is added anyway|repeats the name/);
  });
});

describe('a key that is base64 by its making', () => {
  it.each(['id:0123456789ab', '{"k":"eyJ0","n":"grafana"}', 'user:password'])('is sent: %s', (text) => {
    const key = Buffer.from(text).toString('base64');

    expect(render('{{ . }}', key)).toBe(key);
  });
});

describe('what stands around a reference', () => {
  it.each([
    ['bearer', ' {{ k }}', /begins or ends with a blank/],
    ['bearer', '{{ k }} ', /begins or ends with a blank/],
    ['bearer', 'Token {{ k }}', /no bearer token has one/],
    ['bearer', '"{{ k }}"', /has quotes in its text/],
    ['basic', { username: ' {{ k }}' }, /begins or ends with a blank/],
    ['basic', { username: '{{ k }}', password: 'x ' }, /begins or ends with a blank/],
    ['basic', { username: 'api', password: 'Bearer {{ k }}' }, /has no place here/],
    ['basic', { username: '{{ user }}:{{ password }}' }, /colon in its username/],
    ['headers', { authorization: 'Bearer Bearer {{ k }}' }, /two words for a scheme/],
    ['headers', { 'x-auth': 'token bearer {{ k }}' }, /two words for a scheme/],
    ['headers', { authorization: 'Bearer{{ k }}' }, /no blank between/],
    ['headers', { authorization: 'Bearer: {{ k }}' }, /no blank between/],
    ['headers', { authorization: 'Basic {{ user }}:{{ password }}' }, /not in base64/],
    ['headers', { 'x-key': '{{ k }} ' }, /begins or ends with a blank/],
    ['headers', { 'x-key': "'{{ k }}'" }, /has quotes in its text/],
    ['headers', { 'x-key': '{{ k }}', 'x-plain': ' a' }, /begins or ends with a blank/],
    ['query', { key: ' {{ k }}' }, /begins or ends with a blank/],
  ])('is refused where nobody means it: %s: %j', (kind, spec, reason) => {
    expect(() => credential(kind, spec)).toThrow(reason);
  });

  it.each([
    ['bearer', '{{ id }}:{{ k }}'],
    ['basic', { username: '{{ user }}/token', password: 'a b:c' }],
    ['headers', { authorization: 'Token token="{{ k }}"' }],
    ['headers', { authorization: 'Bearer {{ k }}' }],
    ['headers', { authorization: 'Basic {{ in_base64 }}' }],
    ['headers', { authorization: 'DeepL-Auth-Key {{ k }}' }],
    ['headers', { authorization: 'token:{{ k }}' }],
    ['headers', { 'x-auth': 'token{{ k }}' }],
  ])('is taken where APIs ask for it: %s: %j', (kind, spec) => {
    expect(() => credential(kind, spec)).not.toThrow();
  });
});

describe('a secret in JSON', () => {
  it.each(['12345678901234567890', '0.10', '1e3', '1E+400', '-0', '9007199254740993', '1.0'])(
    'has the number %s sent digit by digit',
    (digits) => {
      const text = `{"id": ${digits}, "in": {"list": [${digits}]}}`;

      expect(render('{{ id }}', text)).toBe(digits);
      expect(render('{{ /in/list/0 }}', text)).toBe(digits);
      expect(new SecretFields('prod/x', version(text)).required('id')).toBe(digits);
    },
  );

  it('is read as JSON.parse reads it, but for its numbers', () => {
    const digits = (_: string, value: unknown) => (typeof value === 'number' ? String(value) : value);
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseSecretJson(text)).toEqual(JSON.parse(JSON.stringify(JSON.parse(text)), digits));
      }),
    );
  });

  it.each([
    ['{"k": "canary",}', /comma behind its last field/],
    ["{'k': 'canary'}", /single quotes/],
    ['{k: "canary"}', /names without quotes/],
    ['{\u201ck\u201d: \u201ccanary\u201d}', /typographic quotes/],
    ['"{\\"k\\": \\"canary\\"}"', /encoded twice/],
    ['\'{"k": "canary"}\'', /encoded twice/],
    ['{\\"k\\": \\"canary\\"}', /backslash before each quote/],
    ['```json\n{"k": "canary"}\n```', /Markdown/],
    ['{\0"\0k\0"\0:\0"\0canary\0"\0}\0', /UTF-16/],
    ['{"k": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"}', /line breaks inside of a text/],
  ])('that is none, %j, is refused with what has become of it', (text, reason) => {
    for (const message of [
      refusal(() => render('{{ k }}', text)),
      refusal(() => new SecretFields('prod/x', version(text))),
    ]) {
      expect(message).toMatch(reason);
      expect(message).toMatch(/^secret prod\/x/);
      expect(message).not.toContain('canary');
    }
  });
});

describe('a private key', () => {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const legacy = createPrivateKey(pem).export({ type: 'pkcs1', format: 'pem' }).toString();
  const disguises: ((text: string) => string)[] = [
    (text) => text.replaceAll('\n', '\\n'),
    (text) => text.replaceAll('\n', '\\\\n'),
    (text) => text.replaceAll('\n', '\r\n'),
    (text) => text.replaceAll('\n', '\\r\\n'),
    (text) => text.replaceAll('\n', ' '),
    (text) => text.replaceAll('\n', ''),
    (text) => text.replaceAll(/^/gm, '    '),
    (text) => `"${text}"`,
    (text) => `\\"${text}\\"`,
    (text) => `\ufeff${text}`,
    (text) => `  ${text}\n\n`,
  ];
  const inBase64: ((text: string) => string)[] = [
    (text) => Buffer.from(text).toString('base64'),
    (text) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n'),
  ];

  it('is read in every disguise, and in two at once', () => {
    const other = fc.constantFrom(...disguises);
    const any = fc.constantFrom(...disguises, ...inBase64);
    fc.assert(
      fc.property(fc.constantFrom(pem, legacy), any, other, (text, first, second) => {
        const stored = first === second ? first(text) : second(first(text));
        const fields = new SecretFields('prod/x', version(JSON.stringify({ key: stored })));

        expect(fields.privateKey('key').export({ type: 'pkcs8', format: 'pem' })).toBe(pem);
      }),
    );
  });

  it('is left as it is where it is as it should be', () => {
    expect(pemText(pem)).toBe(pem);
    expect(pemText('canary')).toBe('canary');
  });

  it.each([
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----',
      /is a certificate and no private/,
    ],
    ['a public key', '-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----', /is a public key and no private/],
    [
      'an encrypted key',
      createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'canary' }),
      /encrypted with a passphrase/,
    ],
    ['no key', 'canary', /no private key in PEM/],
  ])('that is %s is refused', (_, stored, reason) => {
    const fields = new SecretFields('prod/x', version(JSON.stringify({ key: stored })));

    expect(refusal(() => fields.privateKey('key'))).toMatch(reason);
  });
});
