import { describe, expect, it } from 'vitest';
import { runPausedRetries } from '../support/paused-retries/run.ts';

describe('retries of every kind while Attaché is paused at random', () => {
  it('send the request that the caller made, with its credential, or none', { timeout: 240_000 }, async () => {
    const report = await runPausedRetries(600, { seed: 7, concurrency: 40 });

    expect(report.wrong).toEqual([]);
    expect(report.statuses['200']).toBeGreaterThan(0);
    expect(report.statuses['403']).toBeGreaterThan(0);
    expect(report.pauses).toBeGreaterThan(0);
  });
});
