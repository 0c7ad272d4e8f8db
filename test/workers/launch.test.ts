import { expect, test } from 'vitest';
import { exposures } from '../../src/workers/exposure.ts';
import { withoutOpenings, withSmallYoung } from '../../src/workers/launch.ts';

test('a worker inherits no option that shows what it holds, and every other one', () => {
  const options = [
    ...['--max-semi-space-size=16', '--inspect=0.0.0.0:9229', '--heapsnapshot-signal', 'SIGUSR2', '--use-system-ca'],
    ...['--heapsnapshot-near-heap-limit=2', '--report-on-signal', '--dns-result-order', 'ipv4first', '--cpu_prof'],
  ];

  expect(withoutOpenings(options)).toEqual([
    '--max-semi-space-size=16',
    '--use-system-ca',
    '--dns-result-order',
    'ipv4first',
  ]);
});

test('a worker has a young generation that is collected in milliseconds', () => {
  expect(withSmallYoung(['--use-system-ca'], '--dns-result-order=ipv4first')).toEqual([
    '--use-system-ca',
    '--max-semi-space-size=4',
  ]);
});

test.each([
  [['--max-semi-space-size=16'], ''],
  [['--max_semi_space_size', '16'], ''],
  [[], '--use-system-ca --max-semi-space-size=16'],
])('whoever says how large it may be is heeded: %j, NODE_OPTIONS="%s"', (options, nodeOptions) => {
  expect(withSmallYoung(options, nodeOptions)).toEqual(options);
});

test.each([
  ['0', 'unlimited', 0],
  ['unlimited', 'unlimited', 1],
  ['4096', 'unlimited', 1],
])('core files of size %s (at most %s) are worth %i warnings', (soft, hard, count) => {
  const limits = `Limit                     Soft Limit           Hard Limit           Units\nMax core file size        ${soft}                    ${hard}            bytes\n`;

  expect(exposures(limits, [])).toHaveLength(count);
});

test('where the limit cannot be read, nothing is said of it', () => {
  expect(exposures(undefined, [])).toEqual([]);
});

test('an open inspector is worth a warning', () => {
  expect(exposures(undefined, ['--inspect-brk', '--use-system-ca'])).toEqual([
    expect.stringContaining('--inspect-brk'),
  ]);
});
