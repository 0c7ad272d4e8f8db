// What the slowest requests wait for: garbage collection and delay of the event loop in Attaché, beside the latency through Envoy.
import { readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { privateFolder } from '../local/guard.ts';
import { until } from '../local/until.ts';
import { prepareGround } from './price/ground.ts';
import { measure, type Running, warmUp } from './price/measure.ts';
import { type MeasuringOptions, measuring, NO_LOADER, named, nameOf } from './price/options.ts';
import { markdown } from './price/table.ts';
import { attache, BUILT } from './price/targets.ts';
import { residentMemoryOf } from './support/cpu.ts';
import { loader } from './support/load.ts';
import { FOLDER, type Pauses } from './support/pauses.ts';
import { median } from './support/statistics.ts';

const COLUMNS = [
  '',
  'CPU µs',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'scavenges/s',
  'mean ms',
  'max ms',
  'promoted kB a request',
  'mark-compacts',
  'max ms',
  'loop late p99 ms',
  'max ms',
  'resident MiB',
];

const program = measuring(
  'npm run bench:tail --',
  "Shows garbage collection and the event loop's delay in one worker of Attaché, beside CPU and latency: in interleaved rounds for each set of options of Node.",
)
  .option(
    '--node-options <options>',
    'one more Attaché with these in NODE_OPTIONS; may stand several times',
    (text: string, others: readonly string[]) => [...others, text],
    [],
  )
  .option('--beside <name=path>', "another build's dist/main.js, as one more; may stand several times", named)
  .addHelpText(
    'after',
    `
Example:
  npm run bench:tail -- --rates 1000 --node-options=--max-semi-space-size=1 --node-options=--max-semi-space-size=16`,
  )
  .parse();
const options = program.opts<
  MeasuringOptions & { nodeOptions: readonly string[]; beside?: readonly (readonly [string, string])[] }
>();

const loads = (await loader()) ?? program.error(NO_LOADER);
const ground = await prepareGround(options);
const folder = privateFolder();
const probe = `--import ${join(import.meta.dirname, 'support', 'pauses.ts')}`;
const variants = [
  { name: 'as shipped', nodeOptions: '', entry: BUILT },
  ...options.nodeOptions.map((nodeOptions) => ({ name: nodeOptions, nodeOptions, entry: BUILT })),
  ...(options.beside ?? []).map(([name, entry]) => ({ name, nodeOptions: '', entry })),
];
const running: (Running & { readonly pid: number })[] = [];
for (const { name, nodeOptions, entry } of variants) {
  const env = { ...ground.env, [FOLDER]: folder, NODE_OPTIONS: `${nodeOptions} ${probe}`.trim() };
  const target = await attache({ ...ground, env }, { entry });
  const pid = target.serverPid ?? Number.NaN;
  running.push({ key: name, name, ...target, pid, load: await loads(target.requests) });
}
await warmUp(running);
const results: unknown[] = [];
for (const rate of options.rates) {
  const pauses = new Map(running.map(({ key }) => [key, [] as Pauses[]]));
  const watched = running.map((it) => ({
    ...it,
    load: async (atRate: number, seconds: number) => {
      await pausesOf(it.pid);
      const outcome = await it.load(atRate, seconds);
      pauses.get(it.key)?.push(await pausesOf(it.pid));
      return outcome;
    },
  }));
  const measured = await measure(watched, { ...options, rate });
  const rows = measured.map(({ key, name, rounds, p999 }, index) => {
    const all = pauses.get(key) ?? [];
    const sum = (value: (it: Pauses) => number) => all.reduce((total, it) => total + value(it), 0);
    const most = (value: (it: Pauses) => number) => Math.max(...all.map(value));
    const requests = rounds.reduce((total, round) => total + round.requests, 0);
    return [
      name,
      median(rounds.map(({ server }) => server)).toFixed(0),
      median(rounds.map(({ p50 }) => p50)).toFixed(2),
      median(rounds.map(({ p99 }) => p99)).toFixed(1),
      p999.toFixed(1),
      (sum(({ scavenges }) => scavenges) / (options.rounds * options.seconds)).toFixed(2),
      (sum((it) => it.scavenges * it.scavengeMean) / sum(({ scavenges }) => scavenges)).toFixed(1),
      most(({ scavengeMax }) => scavengeMax).toFixed(1),
      (sum(({ promoted }) => promoted) / 1_000 / requests).toFixed(2),
      String(sum(({ markCompacts }) => markCompacts)),
      most(({ markCompactMax }) => markCompactMax).toFixed(1),
      median(all.map(({ delayP99 }) => delayP99)).toFixed(1),
      most(({ delayMax }) => delayMax).toFixed(1),
      residentMemoryOf(running[index]?.pid ?? Number.NaN).toFixed(0),
    ];
  });
  results.push({ rate, measured, pauses: Object.fromEntries(pauses) });
  process.stdout.write(
    `\n${nameOf(rate)}, ${options.rounds} rounds of ${options.seconds} s\n\n${markdown([COLUMNS, ...rows])}\n`,
  );
}
if (options.json !== undefined) {
  await mkdir(dirname(options.json), { recursive: true });
  await writeFile(options.json, `${JSON.stringify({ at: new Date(), options, results }, undefined, 2)}\n`);
}
process.exit();

/** What has happened since it was asked last. */
async function pausesOf(pid: number): Promise<Pauses> {
  const file = join(folder, `${pid}.json`);
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  return until(() => JSON.parse(readFileSync(file, 'utf8')) as Pauses, {
    failure: 'Attaché did not tell of its pauses',
  });
}
