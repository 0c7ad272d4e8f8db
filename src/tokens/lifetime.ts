import type { Lifetime } from '../cache/freshness.ts';

/** How long a token lives when whoever made it does not say, in ms. */
const UNSAID = 300_000;

/** A token is renewed with this much of its life left, in ms, or with a fifth of it when that is less. */
const RENEW_WITH_LEFT = 60_000;

/** A token is not used any more with this much of its life left, in ms, or with a tenth: a request takes time to arrive. */
const UNUSED_AT_THE_END = 5_000;

/**
 * The life of a token in the three-state cell.
 *
 * @param life in ms from the moment in which it was asked for; 5 minutes when it is not known.
 * @param renewWithLeft in ms; default the shorter of 60 s and a fifth of its life.
 */
export function lifetimeOf(life: number = UNSAID, renewWithLeft: number = RENEW_WITH_LEFT): Lifetime {
  const left =
    renewWithLeft === RENEW_WITH_LEFT ? Math.min(renewWithLeft, life / 5) : Math.min(renewWithLeft, life / 2);
  return { freshFor: life - left, usableFor: life - Math.min(UNUSED_AT_THE_END, life / 10) };
}
