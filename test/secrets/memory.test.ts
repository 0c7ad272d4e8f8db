import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

describe('a secret that was used in every way', () => {
  it.each([
    ['deleted in AWS', 'purged'],
    ['named by no integration any more', 'removed'],
  ])('and is then %s is in no buffer and in no string of the heap', async (_, how) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/secrets/support/planted.ts', how]);

    const { before, after } = JSON.parse(stdout) as Record<'before' | 'after', { buffers: number; strings: number }>;
    expect(before.buffers).toBeGreaterThan(5);
    expect(before.strings).toBeGreaterThan(0);
    expect(after).toEqual({ buffers: 0, strings: 0 });
  });
});

describe('a private key that gets tokens', () => {
  it.each([
    ['deleted in AWS', 'purged'],
    ['named by no integration any more', 'removed'],
  ])('is in no string, and once it is %s in no buffer either', async (_, how) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/secrets/support/planted-keys.ts', how]);

    const { before, after } = JSON.parse(stdout) as Record<'before' | 'after', { buffers: number; strings: number }>;
    expect(before.buffers).toBeGreaterThan(0);
    expect(before.strings).toBe(0);
    expect(after).toEqual({ buffers: 0, strings: 0 });
  });
});
