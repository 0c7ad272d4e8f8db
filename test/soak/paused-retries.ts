// Requests over every kind of credential and every retry policy of Envoy, while Attaché is paused at random moments for up to two
// seconds and destinations refuse, fail, hang and reset: nothing may arrive that its caller did not make, or may not make.
import { parseArgs } from 'node:util';
import { runPausedRetries } from '../support/paused-retries/run.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const began = performance.now();
const report = await runPausedRetries(Number(values.count), {
  seed: Number(values.seed),
  concurrency: 150,
  told: (done) => process.stdout.write(`  ${done} requests\n`),
});
const seconds = Math.round((performance.now() - began) / 1_000);
process.stdout.write(
  `${report.asked} requests in ${seconds} s, Attaché paused ${report.pauses} times (seed ${values.seed})\n` +
    `answers: ${JSON.stringify(report.statuses)}; ${report.arrived} arrived at the destination, retries among them\n`,
);
for (const line of report.wrong.slice(0, 20)) process.stdout.write(`wrong: ${line}\n`);
process.stdout.write(
  report.wrong.length === 0
    ? 'passed: nothing arrived that its caller did not make or may not make, and nothing without its credential\n'
    : `failed: ${report.wrong.length} requests were not what they should be\n`,
);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
