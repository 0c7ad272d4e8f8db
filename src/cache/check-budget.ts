/** Checks in a burst, and milliseconds between checks, while a refusal is new. */
const BURST = 2;
const FIRST_INTERVAL = 500;

/** For how long a refusal is new, in ms. After that the interval doubles with each check, up to the longest. */
const NEW_FOR = 10_000;
const LONGEST_INTERVAL = 60_000;

/** After this long without a wish to check, in ms, the next one is new again. */
const QUIET = 120_000;

/**
 * How often refused requests may make something be read again: twice a second for ten seconds, then half as often each time,
 * down to once a minute. A rotation is noticed at once, and a key that is simply wrong costs little. Immutable; all times in ms.
 */
export interface CheckBudget {
  readonly began: number;
  readonly wishedAt: number;
  readonly filledAt: number;
  readonly tokens: number;
  readonly interval: number;
}

/** One of which nothing was taken: the first wish is new. */
export const FULL: CheckBudget = Object.freeze({
  began: Number.NEGATIVE_INFINITY,
  wishedAt: Number.NEGATIVE_INFINITY,
  filledAt: 0,
  tokens: 0,
  interval: FIRST_INTERVAL,
});

/** Whether a read may be made now; if so, it counts. */
export function take(budget: CheckBudget, now: number): { readonly granted: boolean; readonly budget: CheckBudget } {
  const isNewWish = now - budget.wishedAt > QUIET;
  const { began, filledAt, tokens, interval } = isNewWish
    ? { began: now, filledAt: now, tokens: BURST, interval: FIRST_INTERVAL }
    : budget;
  const isNew = now - began < NEW_FOR;
  const filled = Math.min(isNew ? BURST : 1, tokens + (now - filledAt) / interval);
  const granted = filled >= 1;
  return {
    granted,
    budget: {
      began,
      wishedAt: now,
      filledAt: now,
      tokens: granted ? filled - 1 : filled,
      interval: granted && !isNew ? Math.min(interval * 2, LONGEST_INTERVAL) : interval,
    },
  };
}

/** Milliseconds until {@link take} grants a read; 0 when it would now. */
export function waitOf({ tokens, filledAt, interval }: CheckBudget, now: number): number {
  return Math.max(0, filledAt + (1 - tokens) * interval - now);
}

/** Something has changed, so that a refusal is news again. */
export function renewed(budget: CheckBudget): CheckBudget {
  return { ...budget, wishedAt: Number.NEGATIVE_INFINITY };
}
