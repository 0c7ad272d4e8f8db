import { commandLine } from '../support/command-line.ts';
import { runPausedRetries } from '../support/paused-retries/run.ts';

const { count, seed } = commandLine(
  'npm run test:retries',
  'Requests over every kind of credential and every retry policy of Envoy, while Attaché is paused at random moments for up to two seconds and destinations refuse, fail, hang and reset: nothing may arrive that its caller did not make, or may not make.',
  {
    count: { says: 'how many requests', default: 50_000, unit: 'requests' },
    seed: {
      says: 'where chance begins; it is printed',
      default: Date.now() % 1_000_000,

      defaultSays: 'another one each time',
    },
  },
);
const began = performance.now();
const report = await runPausedRetries(count, {
  seed,
  concurrency: 150,
  told: (done) => process.stdout.write(`  ${done} requests\n`),
});
const seconds = Math.round((performance.now() - began) / 1_000);
process.stdout.write(
  `${report.asked} requests in ${seconds} s, Attaché paused ${report.pauses} times (seed ${seed})\n` +
    `answers: ${JSON.stringify(report.statuses)}; ${report.arrived} arrived at the destination, retries among them\n`,
);
for (const line of report.wrong.slice(0, 20)) process.stdout.write(`wrong: ${line}\n`);
process.stdout.write(
  report.wrong.length === 0
    ? 'passed: nothing arrived that its caller did not make or may not make, and nothing without its credential\n'
    : `failed: ${report.wrong.length} requests were not what they should be\n`,
);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
