import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretVersion } from '../../src/secrets/secret-version.ts';

const CANARY = 'canary-5c1f';

const turn = () => new Promise((resolve) => setImmediate(resolve));

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

    wiped.discard();

    expect(() => wiped.reveal()).toThrow('let go of');
  });

  it('is wiped with every copy when the last of its users has let go of it, and not before', async () => {
    const held = new SecretVersion('v', CANARY);
    const copy = Buffer.from(CANARY);
    held.attach(() => copy.fill(0));
    held.hold();
    held.hold();

    held.release();
    held.discard();
    await turn();
    expect([held.reveal(), copy.toString()]).toEqual([CANARY, CANARY]);

    held.release();
    // Whoever was handed it in this turn may still read it.
    expect(held.reveal()).toBe(CANARY);
    await turn();
    expect(held.isWiped).toBe(true);
    expect(copy.every((byte) => byte === 0)).toBe(true);
  });

  it('is not wiped when somebody takes hold of it in the turn in which the last one lets go', async () => {
    const held = new SecretVersion('v', CANARY);
    held.hold();
    held.release();
    held.hold();
    await turn();

    expect(held.reveal()).toBe(CANARY);
  });
});
