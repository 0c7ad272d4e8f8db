import { describe, expect, it } from 'vitest';
import { lifetimeOf } from '../../src/tokens/lifetime.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('the life of a token', () => {
  it.each([
    ['an hour', HOUR, HOUR - MINUTE, HOUR - 5 * SECOND],
    ['five minutes', 5 * MINUTE, 4 * MINUTE, 5 * MINUTE - 5 * SECOND],
    ['a minute', MINUTE, 48 * SECOND, 55 * SECOND],
    ['ten seconds', 10 * SECOND, 8 * SECOND, 9 * SECOND],
    ['two seconds', 2 * SECOND, 1_600, 1_800],
  ])('of %s is renewed with a fifth or a minute left, and ends a little early', (_, life, freshFor, usableFor) => {
    expect(lifetimeOf(life)).toEqual({ freshFor, usableFor });
  });

  it('is five minutes when nobody says', () => {
    expect(lifetimeOf()).toEqual(lifetimeOf(5 * MINUTE));
    expect(lifetimeOf(undefined)).toEqual(lifetimeOf(5 * MINUTE));
  });

  it.each([
    ['an hour', HOUR, 50 * MINUTE],
    ['fifteen minutes', 15 * MINUTE, 7.5 * MINUTE],
  ])('of %s is renewed with ten minutes left, or half of it, where that is asked for', (_, life, freshFor) => {
    expect(lifetimeOf(life, 10 * MINUTE).freshFor).toBe(freshFor);
  });
});
