import type { Counts } from './report.ts';

/** Nothing has happened yet. */
export const NO_COUNTS: Counts = { requests: [], secretChecks: [] };

/** The sums, a row for each integration and outcome, and for each result. */
export function sumCounts(all: readonly Counts[]): Counts {
  return {
    requests: sum(
      all.flatMap(({ requests }) => requests),
      ({ integration, outcome }) => JSON.stringify([integration, outcome]),
    ),
    secretChecks: sum(
      all.flatMap(({ secretChecks }) => secretChecks),
      ({ result }) => result,
    ),
  };
}

function sum<Row extends { readonly count: number }>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    sums.set(key, { ...row, count: row.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}
