import { median, quantile } from '../support/statistics.ts';
import type { Measured, Round } from './measure.ts';

const COLUMNS = [
  '',
  'Envoy µs',
  'server µs',
  '× CPU',
  'half within',
  '× server',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  '× p99',
  'requests/s',
  'failed',
];

/**
 * What was measured at one rate as a table in Markdown: medians of the rounds. The ratios are medians of each round's own ratio: CPU
 * of Envoy and server together against the first target, server CPU and p99 against `peer`.
 *
 * @param peer the key of the target that servers are compared with; where it was not measured, there is no such ratio.
 */
export function table(measured: readonly Measured[], peer: string): string {
  const [base] = measured;
  const other = measured.find(({ key }) => key === peer);
  const rows = measured.map((it) => {
    const of = (value: (round: Round) => number) => median(it.rounds.map(value));
    const asks = of(({ server }) => server) > 0;
    const cpu = ratios(it, base, ({ envoy, server }) => envoy + server);
    return [
      it.name,
      of(({ envoy }) => envoy).toFixed(0),
      asks ? of(({ server }) => server).toFixed(0) : '',
      median(cpu).toFixed(2),
      `${quantile(cpu, 0.25).toFixed(2)}–${quantile(cpu, 0.75).toFixed(2)}`,
      asks && other !== undefined ? median(ratios(it, other, ({ server }) => server)).toFixed(2) : '',
      of(({ p50 }) => p50).toFixed(2),
      of(({ p99 }) => p99).toFixed(1),
      it.p999.toFixed(1),
      other === undefined ? '' : median(ratios(it, other, ({ p99 }) => p99)).toFixed(2),
      of(({ rate }) => rate).toFixed(0),
      it.rounds.reduce((sum, { failed }) => sum + failed, 0).toString(),
    ];
  });
  return markdown([COLUMNS, ...rows]);
}

function ratios(it: Measured, base: Measured | undefined, value: (round: Round) => number): number[] {
  return it.rounds.map((round, at) => {
    const other = base?.rounds[at];
    return other === undefined ? Number.NaN : value(round) / value(other);
  });
}

/** Columns of equal width: the first one text, the others figures. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = '', ...body] = rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `| ${cells.join(' | ')} |`;
  });
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [head, rule, ...body].join('\n');
}
