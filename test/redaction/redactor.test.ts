import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Forms, SHORTEST } from '../../src/redaction/forms.ts';
import { headerRedactor, MARKER, Redactor } from '../../src/redaction/redactor.ts';
import { encoders, encoding, mixed, repetitive, value } from './encodings.ts';
import { holds } from './naive-decoder.ts';

const formsOf = (...values: (string | Buffer)[]) =>
  new Forms(values.map((bytes, index) => ({ name: `value ${index}`, bytes: Buffer.from(bytes) })));

function inChunks(body: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((one, other) => one - other), body.length];
  return edges.slice(1).map((to, index) => body.subarray(edges[index], to));
}

function redact(forms: Forms, chunks: readonly Buffer[]): Buffer {
  const redactor = new Redactor(forms);
  return Buffer.concat([...chunks.map((chunk) => redactor.push(chunk)), redactor.end()]);
}

const bytewise = (body: Buffer) => [...body].map((byte) => Buffer.from([byte]));
const text = (body: Buffer) => body.toString('latin1');
const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });
const noise = fc
  .array(fc.constantFrom(...'%\\&#;+ux=/"{}<> \n0123456789abcdefABCDEFskliv_-', '\\u00', '%25', '&amp;', '=='), {
    maxLength: 40,
  })
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

const key = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';

describe('a redactor', () => {
  it('lets no value through in 1,000 encodings, at any place, in any chunks', () => {
    fc.assert(
      fc.property(value, encoding, noise, noise, cuts, (secret, encode, before, after, places) => {
        const encoded = encode(secret);
        const body = Buffer.concat([before, encoded, after]);
        expect(holds(encoded, Buffer.from(secret))).toBe(true);

        const out = redact(formsOf(secret), inChunks(body, places));

        expect(holds(out, Buffer.from(secret))).toBe(false);
        expect(out.includes(MARKER)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same bytes whatever the chunks: whole, byte by byte, or cut at every place of the value', () => {
    fc.assert(
      fc.property(value, encoding, noise, noise, (secret, encode, before, after) => {
        const forms = formsOf(secret);
        const encoded = encode(secret);
        const body = Buffer.concat([before, encoded, after]);
        const whole = redact(forms, [body]);

        expect(text(redact(forms, bytewise(body)))).toBe(text(whole));
        for (let cut = before.length; cut <= before.length + encoded.length; cut += 1) {
          expect(text(redact(forms, [body.subarray(0, cut), body.subarray(cut)]))).toBe(text(whole));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('puts one marker in the place of a value and leaves its surroundings as they are', () => {
    fc.assert(
      fc.property(value, mixed, cuts, (secret, encode, places) => {
        const body = Buffer.concat([Buffer.from('\x01\x02'), encode(secret), Buffer.from('\x02\x01')]);

        expect(text(redact(formsOf(secret), inChunks(body, places)))).toBe('\x01\x02[redacted]\x02\x01');
      }),
      { numRuns: 250 },
    );
  });

  it.each(Object.entries(encoders))('finds a value written as: %s', (_name, encode) => {
    for (const secret of [key, `pä"ss/wörd 'n' <&>\\`, 'пароль 😀 語', 'a b+c=d&e/f']) {
      const body = Buffer.from(`\x01${[...secret].map(encode).join('')}\x01`, 'latin1');

      expect(text(redact(formsOf(secret), [body]))).toBe('\x01[redacted]\x01');
    }
  });

  it.each([
    ['a header', `Authorization: Bearer ${key}`, 'Authorization: Bearer [redacted]'],
    ['encodeURIComponent', `?key=${encodeURIComponent(`${key}+/=`)}&a=1`, '?key=[redacted]%2B%2F%3D&a=1'],
    ['JSON', JSON.stringify({ key }), '{"key":"[redacted]"}'],
    ['hexadecimal digits', Buffer.from(key).toString('hex'), '[redacted]'],
    ['a value next to itself', key + key, '[redacted][redacted]'],
    ['a value after its own beginning', `sk_live_4eC3${key}9`, 'sk_live_4eC3[redacted]9'],
  ])('finds a value in %s', (_name, body, expected) => {
    expect(text(redact(formsOf(key), [Buffer.from(body)]))).toBe(expected);
  });

  it('keeps every length where it is told to, and hides the same places', () => {
    fc.assert(
      fc.property(
        fc.oneof(value, repetitive),
        encoding,
        noise,
        noise,
        cuts,
        (secret, encode, before, after, places) => {
          const encoded = encode(secret);
          const body = Buffer.concat([before, encoded, after, encoded]);
          const redactor = new Redactor(formsOf(secret), { keepsLength: true });

          const out = Buffer.concat([...inChunks(body, places).map((chunk) => redactor.push(chunk)), redactor.end()]);

          expect(out).toHaveLength(body.length);
          expect(holds(out, Buffer.from(secret))).toBe(false);
          const plain = text(redact(formsOf(secret), [body]));
          const marked = text(out).replace(/\[redacted\]\**|\[redacte(?!d)d?/g, '[redacted]');
          if (secret.length >= 10 && !text(body).includes('*')) expect(marked).toBe(plain);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds a value inside the base64 of a Basic pair, whatever stands before it', () => {
    for (const user of ['', 'u', 'us', 'use', 'user']) {
      const pair = Buffer.from(`${user}:${key}`).toString('base64');

      const out = text(redact(formsOf(key), [Buffer.from(`Basic ${pair}`)]));

      // Up to four bits of the first byte and of the last are in characters that depend on their neighbours too.
      expect(out).toMatch(/^Basic [0-9A-Za-z+/]{0,8}\[redacted\][0-9A-Za-z+/]?=*$/);
    }
  });

  it('finds a value that is not text, and one that begins with a byte order mark', () => {
    for (const bytes of [Buffer.from([0xff, 0xc3, 0x28, 0, 1, 0xe2, 0x82, 0xfe]), Buffer.from('\ufeffsecret')]) {
      const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      const body = Buffer.concat([bytes, Buffer.from(` ${bytes.toString('base64')} ${escaped}`)]);

      expect(redact(formsOf(bytes), [body]).toString()).toMatch(/^\[redacted\] \[redacted\]\w?=* \[redacted\]$/);
    }
  });

  it('makes one marker of occurrences that overlap, and leaves no end of any', () => {
    expect(text(redact(formsOf('abcXXXXXabc'), [Buffer.from('-abcXXXXXabcXXXXXabc-')]))).toBe('-[redacted]-');
    expect(text(redact(formsOf('aaaaaaaa'), [Buffer.from(`-${'a'.repeat(100)}-`)]))).toBe('-[redacted]-');
  });

  it('hides everything that any occurrence covers, also of values that repeat or contain one another', () => {
    fc.assert(
      fc.property(
        repetitive,
        fc.array(mixed, { minLength: 1, maxLength: 3 }),
        fc.nat(12),
        cuts,
        (secret, encoders, cut, places) => {
          const written = encoders.map((encode) => encode(secret));
          const body = Buffer.concat([...written, Buffer.from(secret.slice(cut)), Buffer.from(secret)]);
          const forms = formsOf(secret, `x${secret}`, secret.slice(0, 8));

          const out = redact(forms, inChunks(body, places));

          expect(holds(out, Buffer.from(secret))).toBe(false);
          expect(text(out)).toBe(text(redact(forms, [body])));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives back a body without the value byte for byte, however close it comes to it', () => {
    const part = fc
      .tuple(value, encoding, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([secret, encode, share]) => ({ secret, encoded: encode([...secret].slice(0, -3).join('')), share }));
    fc.assert(
      fc.property(
        part,
        fc.array(noise, { minLength: 2, maxLength: 5 }),
        cuts,
        ({ secret, encoded, share }, noises, places) => {
          const beginning = encoded.subarray(0, Math.ceil(encoded.length * share));
          const body = Buffer.concat(noises.flatMap((one) => [one, beginning]));
          fc.pre(!holds(body, Buffer.from(secret)));

          expect(text(redact(formsOf(secret), inChunks(body, places)))).toBe(text(body));
        },
      ),
      { numRuns: 250 },
    );
  });

  it('gives back 10 MB of anything byte for byte', () => {
    const random = randomBytes(10_000_000);
    const forms = formsOf(key, randomBytes(32).toString('hex'));
    for (const body of [random, Buffer.from(random.toString('base64').slice(0, 10_000_000))]) {
      const places = Array.from({ length: 200 }, (_, index) => index * 50_021);

      expect(redact(forms, inChunks(body, places)).equals(body)).toBe(true);
    }
  });

  it('finds the value in 10 MB at every offset from the boundaries of chunks', () => {
    const size = 16_384;
    const places = Array.from(
      { length: 610 },
      (_, index) => (index + 1) * size - key.length - 1 + (index % (key.length + 3)),
    );
    const body = Buffer.alloc(620 * size, '{"task": "sk_"}, ');
    for (const place of places) body.write(key, place);
    const ends = places.map((place) => place + key.length);
    const expected = [0, ...ends]
      .map((from, index) => body.subarray(from, places[index]))
      .flatMap((part) => [MARKER, part]);

    const out = redact(
      formsOf(key),
      inChunks(
        body,
        Array.from({ length: 620 }, (_, index) => index * size),
      ),
    );

    expect(out.equals(Buffer.concat(expected.slice(1)))).toBe(true);
  });
});

describe('what a redactor holds back', () => {
  it('is nothing when an event ends, so that it leaves at once, as the very chunk that came', () => {
    const redactor = new Redactor(formsOf(key));
    const event = Buffer.from('data: {"delta": "ask"}\n\n');

    expect(redactor.push(event)).toBe(event);
  });

  it('is the beginning of a value, until a byte shows that it is none', () => {
    const redactor = new Redactor(formsOf(key));

    expect(text(redactor.push(Buffer.from('the key is sk_live_')))).toBe('the key is ');
    expect(text(redactor.push(Buffer.from('4eC39')))).toBe('');
    expect(text(redactor.push(Buffer.from('!')))).toBe('sk_live_4eC39!');
  });

  it('leaves at the end of the stream if the value stayed incomplete', () => {
    const redactor = new Redactor(formsOf(key));
    redactor.push(Buffer.from(key.slice(0, -1)));

    expect(text(redactor.end())).toBe(key.slice(0, -1));
    expect(redactor.count).toBe(0);
  });

  it('is shorter than the longest form, whatever comes', () => {
    fc.assert(
      fc.property(value, mixed, noise, (secret, encode, before) => {
        const forms = formsOf(secret);
        const redactor = new Redactor(forms);
        let came = 0;
        let left = 0;
        for (const byte of bytewise(Buffer.concat([before, encode(secret).subarray(0, -1), before]))) {
          came += 1;
          left += redactor.push(byte).length;
          if (redactor.count > 0) return;
          expect(came - left).toBeLessThan(forms.longest);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is overwritten when the stream is given up', () => {
    const redactor = new Redactor(formsOf(key));
    redactor.push(Buffer.from(key.slice(0, -1)));

    redactor.wipe();

    expect(text(redactor.push(Buffer.from('c!')))).toBe('c!');
    expect(text(redactor.end())).toBe('');
  });
});

describe('the value of a header', () => {
  it('loses the value, and is the same object when there is none in it', () => {
    const plain = Buffer.from('application/json');

    expect(text(headerRedactor(formsOf(key))(Buffer.from(`https://a.example/?key=${key}`)))).toBe(
      'https://a.example/?key=[redacted]',
    );
    expect(headerRedactor(formsOf(key))(plain)).toBe(plain);
  });
});

describe('the forms of values', () => {
  it('leave out values too short to hide, by name', () => {
    const forms = new Forms([
      { name: 'username', bytes: Buffer.from('a'.repeat(SHORTEST - 1)) },
      { name: 'password', bytes: Buffer.from('b'.repeat(SHORTEST)) },
    ]);

    expect(forms.tooShort).toEqual(['username']);
    expect(text(redact(forms, [Buffer.from('aaaaaaa bbbbbbbb')]))).toBe('aaaaaaa [redacted]');
  });

  it('may be none', () => {
    expect(text(redact(formsOf(), [Buffer.from('as it is')]))).toBe('as it is');
  });

  it('cannot be printed, nor can what holds them', () => {
    const forms = formsOf(key);
    const redactor = new Redactor(forms);
    redactor.push(Buffer.from(key.slice(0, -1)));

    for (const one of [forms, redactor]) {
      expect(() => `${one}`).toThrow(TypeError);
      expect(inspect(one, { depth: 9, showHidden: true })).not.toMatch(/sk_live|Uint|73 6b|115/);
      expect(JSON.stringify(one)).not.toMatch(/sk_live|115/);
    }
  });

  it('let nothing through once they were wiped', () => {
    const forms = formsOf(key);
    const redactor = new Redactor(forms);
    forms.wipe();

    expect(() => redactor.push(Buffer.from('a'))).toThrow('wiped');
    expect(() => headerRedactor(forms)(Buffer.from('a'))).toThrow('wiped');
  });
});
