import { describe, expect, it } from 'vitest';
import { FULL, renewed, take } from '../../src/cache/check-budget.ts';

/** A budget with a clock of its own. */
class Wisher {
  budget = FULL;
  time = 0;

  /** How many of the wishes, one every `step` ms for `duration` ms, are granted. */
  granted(duration: number, step = 10): number {
    let count = 0;
    for (const end = this.time + duration; this.time < end; this.time += step) {
      const taken = take(this.budget, this.time);
      this.budget = taken.budget;
      if (taken.granted) count += 1;
    }
    return count;
  }
}

describe('the budget for checks of a refused key', () => {
  it('grants two a second for ten seconds', () => {
    const count = new Wisher().granted(10_000);

    expect(count).toBeGreaterThanOrEqual(20);
    expect(count).toBeLessThanOrEqual(22);
  });

  it('then grants half as many each time, down to one a minute', () => {
    const budget = new Wisher();
    budget.granted(10_000);

    expect(budget.granted(60_000)).toBeLessThanOrEqual(7);
    budget.granted(60_000);
    expect(budget.granted(480_000)).toBeLessThanOrEqual(9);
  });

  it('grants at least one a minute however long the wishes go on', () => {
    const budget = new Wisher();
    budget.granted(600_000);

    expect(budget.granted(61_000)).toBeGreaterThanOrEqual(1);
  });

  it('begins anew when something has changed, or after two quiet minutes', () => {
    const budget = new Wisher();
    budget.granted(120_000);

    budget.budget = renewed(budget.budget);
    expect(budget.granted(1_000)).toBeGreaterThanOrEqual(3);

    budget.granted(120_000);
    budget.time += 121_000;
    expect(budget.granted(1_000)).toBeGreaterThanOrEqual(3);
  });
});
