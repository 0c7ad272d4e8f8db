import { describe, expect, it } from 'vitest';
import { called, paceOf, slowed, waitFor } from '../../src/cache/pace.ts';

const LIMITS = { first: 40, least: 2, most: 80, growth: 0.1, burst: 10 };

/** Something that is called as fast as its pace lets it, on a clock of its own, with another side that takes `quota` calls a second. */
class Caller {
  pace = paceOf(LIMITS, 0);
  time = 0;
  throttled = 0;
  #taken: number[] = [];

  /** How many calls are taken in so many ms. */
  run(ms: number, quota: number): number {
    let count = 0;
    for (const end = this.time + ms; this.time < end; this.time += 1) {
      while (waitFor(this.pace, this.time) === 0) {
        this.pace = called(this.pace, this.time);
        this.#taken = this.#taken.filter((at) => this.time - at < 1_000);
        if (this.#taken.length < quota) {
          this.#taken.push(this.time);
          count += 1;
        } else {
          this.throttled += 1;
          this.pace = slowed(this.pace, this.time);
        }
      }
    }
    return count;
  }
}

describe('the pace of calls', () => {
  it('begins fast, and grows up to a limit', () => {
    const caller = new Caller();

    expect(caller.run(1_000, 1_000)).toBeGreaterThanOrEqual(48);
    caller.run(60_000, 1_000);
    expect(caller.run(10_000, 1_000)).toBeLessThanOrEqual(810);
    expect(caller.run(10_000, 1_000)).toBeGreaterThanOrEqual(790);
  });

  it.each([5, 15, 30])('finds out by itself that the other side takes %i calls a second', (quota) => {
    const caller = new Caller();
    caller.run(10_000, quota);
    caller.throttled = 0;

    const taken = caller.run(60_000, quota);

    expect(taken).toBeGreaterThan(quota * 60 * 0.6);
    expect(caller.throttled).toBeLessThan(taken / 5);
  });

  it('never ends, however long it is throttled', () => {
    const caller = new Caller();

    caller.run(60_000, 0);

    expect(waitFor(caller.pace, caller.time)).toBeLessThanOrEqual(1_000 / LIMITS.least);
    expect(caller.throttled).toBeLessThan(400);
  });
});
