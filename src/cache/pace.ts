/** Within how many milliseconds calls that are throttled are one sign: they were under way together. */
const ONE_SIGN = 500;

/** What a pace keeps to. */
export interface PaceLimits {
  /** Calls a second at first, at least and at most. */
  readonly first: number;
  readonly least: number;
  readonly most: number;
  /** By what share of itself it grows in each second in which nothing was throttled. */
  readonly growth: number;
  /** How many calls may follow each other at once after a rest. */
  readonly burst: number;
}

/**
 * How fast something may be called: it begins fast, halves when that is too fast for the other side, and grows again little by
 * little. Immutable; all times in ms on the clock.
 */
export interface Pace {
  readonly limits: PaceLimits;
  /** Calls a second at `since`. */
  readonly rate: number;
  readonly since: number;
  readonly tokens: number;
  readonly filledAt: number;
  readonly slowedAt: number;
}

/** One that nothing was taken of. */
export function paceOf(limits: PaceLimits, now: number): Pace {
  const { first: rate, burst: tokens } = limits;
  return { limits, rate, since: now, tokens, filledAt: now, slowedAt: Number.NEGATIVE_INFINITY };
}

/** Calls a second as of now. */
export function rateOf({ limits, rate, since }: Pace, now: number): number {
  return Math.min(limits.most, rate * (1 + limits.growth) ** ((now - since) / 1_000));
}

/** Milliseconds until the next call may be made; 0 when it may now. */
export function waitFor(pace: Pace, now: number): number {
  return Math.max(0, ((1 - filled(pace, now)) * 1_000) / rateOf(pace, now));
}

/** A call is made. */
export function called(pace: Pace, now: number): Pace {
  return { ...pace, tokens: filled(pace, now) - 1, filledAt: now };
}

/** A call was throttled. */
export function slowed(pace: Pace, now: number): Pace {
  if (now - pace.slowedAt < ONE_SIGN) return pace;
  const rate = Math.max(pace.limits.least, rateOf(pace, now) / 2);
  return { ...pace, rate, since: now, tokens: 0, filledAt: now, slowedAt: now };
}

function filled(pace: Pace, now: number): number {
  return Math.min(pace.limits.burst, pace.tokens + (rateOf(pace, now) * (now - pace.filledAt)) / 1_000);
}
