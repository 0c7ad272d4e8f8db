import type { Counts, ResultCount } from './report.ts';

/** Nothing has happened yet. */
export const NO_COUNTS: Counts = { requests: [], secretChecks: [], tokens: [] };

/** The sums, a row for each integration and outcome, and for each result. */
export function sumCounts(all: readonly Counts[]): Counts {
  const auditLost = all.reduce((sum, counts) => sum + (counts.auditLost ?? 0), 0);
  const lanes = sum(
    all.flatMap((counts) => counts.lanes ?? []),
    ({ integration, event }) => JSON.stringify([integration, event]),
  );
  return {
    ...(auditLost === 0 ? {} : { auditLost }),
    requests: sum(
      all.flatMap(({ requests }) => requests),
      ({ integration, outcome }) => JSON.stringify([integration, outcome]),
    ),
    secretChecks: sumResults(all.map(({ secretChecks }) => secretChecks)),
    tokens: sumResults(all.map(({ tokens }) => tokens)),
    ...(lanes.length === 0 ? {} : { lanes }),
  };
}

function sumResults(all: readonly (readonly ResultCount[])[]): ResultCount[] {
  return sum(all.flat(), ({ result }) => result);
}

function sum<Row extends { readonly count: number }>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const sums = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    sums.set(key, { ...row, count: row.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}
