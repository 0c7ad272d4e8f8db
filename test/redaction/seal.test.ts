import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SEAL_KEY_LENGTH, Seal } from '../../src/redaction/seal.ts';

const VALUE = { name: 'a key', bytes: Buffer.from('sk_live_0123456789') };

describe('a seal', () => {
  it('is opened by whoever has the same key, about the same', () => {
    const key = randomBytes(SEAL_KEY_LENGTH);
    const text = new Seal(key).close(VALUE, 'stripe/1');

    expect(new Seal(key).open(text, 'stripe/1')).toEqual(VALUE.bytes);
    expect(Buffer.from(text, 'base64').includes(VALUE.bytes)).toBe(false);
  });

  it('is opened by nobody else, about nothing else, and not when a byte of it has changed', () => {
    const seal = new Seal();
    const text = seal.close(VALUE, 'stripe/1');
    const bytes = Buffer.from(text, 'base64');

    expect(new Seal().open(text, 'stripe/1')).toBeUndefined();
    expect(seal.open(text, 'stripe/2')).toBeUndefined();
    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8((bytes[index] ?? 0) ^ 1, index);
      expect(seal.open(changed.toString('base64'), 'stripe/1')).toBeUndefined();
    }
    expect(seal.open('', 'stripe/1')).toBeUndefined();
    expect(seal.open(bytes.subarray(0, 20).toString('base64'), 'stripe/1')).toBeUndefined();
  });

  it('is the same for the same value, and another one for an equal value', () => {
    const seal = new Seal();

    expect(seal.close(VALUE, 'stripe/1')).toBe(seal.close(VALUE, 'stripe/1'));
    expect(seal.close({ ...VALUE }, 'stripe/1')).not.toBe(seal.close(VALUE, 'stripe/1'));
  });

  it('shows neither key nor value', () => {
    const key = randomBytes(SEAL_KEY_LENGTH);
    const seal = new Seal(key);
    seal.close(VALUE, 'stripe/1');

    const shown = `${inspect(seal, { depth: 9, showHidden: true })}${JSON.stringify(seal)}`;

    for (const part of [key.toString('hex'), key.toString('base64'), 'sk_live']) expect(shown).not.toContain(part);
  });
});
