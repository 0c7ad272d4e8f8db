import fc from 'fast-check';
import { describe, it } from 'vitest';
import { walk } from './model/walk.ts';

describe('a secret, whatever happens', () => {
  it('keeps what is promised of it, over 100,000 steps', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2_000 }), (seed, steps) => walk(seed, steps)),
      { numRuns: 120 },
    );
  });
});
