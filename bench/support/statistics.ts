/** The value below which this share of the samples lies; NaN when there are none. */
export function quantile(samples: readonly number[], share: number): number {
  return (
    samples.toSorted((a, b) => a - b)[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? Number.NaN
  );
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
