import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretVersion } from '../../src/secrets/secret-version.ts';

const CANARY = 'canary-5c1f';

describe('a version of a secret', () => {
  const version = new SecretVersion('0123456789abcdef', CANARY);

  it('does not turn into text by accident', () => {
    expect(() => `${version}`).toThrow(TypeError);
    expect(() => String(version)).toThrow(TypeError);
    expect('toString' in version).toBe(false);
    expect(JSON.stringify({ version })).not.toContain(CANARY);
    expect(inspect(version, { depth: 9, showHidden: true, getters: true })).not.toContain(CANARY);
    expect(Object.keys(version)).toEqual(['id', 'createdAt', 'fromReplica', 'hosts']);
  });

  it('gives its value to who asks for it by name', () => {
    expect(version.reveal()).toBe(CANARY);
    expect(version.shortId).toBe('01234567');
  });

  it('holds nothing any more once it is wiped', () => {
    const wiped = new SecretVersion('v', CANARY);

    wiped.wipe();

    expect(wiped.reveal()).toBe('\0'.repeat(CANARY.length));
  });
});
