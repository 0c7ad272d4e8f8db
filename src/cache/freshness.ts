/** How old a value may be. All in milliseconds. */
export interface Freshness {
  /** A value checked longer ago than this is checked again in the background. Each cache takes 0.8 to 1.0 of it. */
  readonly refreshAfter: number;
  /** A value whose last successful check began longer ago than this is not used any more. A failed check never extends it. */
  readonly maxStale: number;
}

/** How long a value lives that has a life of its own, in milliseconds from the moment in which reading it began. */
export interface Lifetime {
  /** After this it is read anew in the background. */
  readonly freshFor: number;
  /** After this it is not used any more. */
  readonly usableFor: number;
}

/** Many processes start at once: the jitter keeps them from asking at once ever after. */
export function jittered(freshness: Freshness): Freshness {
  return { ...freshness, refreshAfter: freshness.refreshAfter * (0.8 + 0.2 * Math.random()) };
}
