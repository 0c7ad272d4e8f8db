import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CheckBudget } from '../../src/secrets/check-budget.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** How many of the wishes, one every `step` ms for `duration` ms, are granted. */
function granted(budget: CheckBudget, duration: number, step = 10): number {
  let count = 0;
  for (let time = 0; time < duration; time += step) {
    if (budget.take()) count += 1;
    vi.advanceTimersByTime(step);
  }
  return count;
}

describe('the budget for checks of a refused key', () => {
  it('grants two a second for ten seconds', () => {
    const count = granted(new CheckBudget(), 10_000);

    expect(count).toBeGreaterThanOrEqual(20);
    expect(count).toBeLessThanOrEqual(22);
  });

  it('then grants half as many each time, down to one a minute', () => {
    const budget = new CheckBudget();
    granted(budget, 10_000);

    expect(granted(budget, 60_000)).toBeLessThanOrEqual(7);
    granted(budget, 60_000);
    expect(granted(budget, 480_000)).toBeLessThanOrEqual(9);
  });

  it('grants at least one a minute however long the wishes go on', () => {
    const budget = new CheckBudget();
    granted(budget, 600_000);

    expect(granted(budget, 61_000)).toBeGreaterThanOrEqual(1);
  });

  it('begins anew when something has changed, or after two quiet minutes', () => {
    const budget = new CheckBudget();
    granted(budget, 120_000);

    budget.renew();
    expect(granted(budget, 1_000)).toBeGreaterThanOrEqual(3);

    granted(budget, 120_000);
    vi.advanceTimersByTime(121_000);
    expect(granted(budget, 1_000)).toBeGreaterThanOrEqual(3);
  });
});
