// What a request costs: Envoy and whoever it asks, beside what others could do in Attaché's place.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { prepareGround } from './price/ground.ts';
import { type Measured, measure, type Running, warmUp } from './price/measure.ts';
import { type MeasuringOptions, measuring, NO_LOADER, named, nameOf } from './price/options.ts';
import { table } from './price/table.ts';
import { otherBuild, TARGETS } from './price/targets.ts';
import { loader } from './support/load.ts';

/** Servers are compared with the one in Go. */
const PEER = 'go';

const DEFAULT_FILE = join(import.meta.dirname, '..', '.local', 'bench', 'price.json');

const keys = TARGETS.map(({ key }) => key);
const program = measuring(
  'npm run bench --',
  'Measures what a request costs with Attaché, and beside it: in interleaved rounds, all on this machine, behind the shipped envoy.yaml. CPU is what the kernel counts for Envoy and for the server that it asks, in µs a request.',
)
  .option('--only <list>', `which of ${keys.join(', ')}`, (text) => text.split(','))
  .option('--beside <name=path>', "another build's dist/main.js, as one more; may stand several times", named)
  .addHelpText(
    'after',
    `
Examples:
  npm run bench                                             everything, some six minutes
  npm run bench -- --only bare,attache,go --rates 0,1000    what matters most, in a minute and a half
  npm run bench -- --integrations 1000 --callers --allow    many integrations that are restricted
  npm run bench -- --only attache --beside before=/tmp/before/dist/main.js --rounds 15`,
  )
  .parse();
const options = program.opts<
  MeasuringOptions & { only?: readonly string[]; beside?: readonly (readonly [string, string])[] }
>();
const unknown = options.only?.find((key) => !keys.includes(key));
if (unknown !== undefined) program.error(`--only: there is no ${unknown}; there are ${keys.join(', ')}`);

const say = (text: string) => process.stdout.write(`${text}\n`);

const loads = (await loader()) ?? program.error(NO_LOADER);
const ground = await prepareGround(options);
const wanted = [
  ...TARGETS.filter(({ key }) => options.only?.includes(key) ?? true),
  ...(options.beside ?? []).map(([name, entry]) => otherBuild(name, entry)),
];
const running: Running[] = [];
const missing: { key: string; why: string }[] = [];
for (const { key, name, start } of wanted) {
  const target = await start(ground).catch((error: Error) => error);
  if (target === undefined || target instanceof Error) {
    missing.push({ key, why: target?.message ?? 'there is no Go on this machine' });
    say(`${name} is left out: ${missing.at(-1)?.why}`);
  } else {
    running.push({ key, name, ...target, load: await loads(target.requests) });
  }
}
await warmUp(running);
const results: { rate: number; measured: readonly Measured[] }[] = [];
for (const rate of options.rates) {
  const measured = await measure(running, { ...options, rate });
  results.push({ rate, measured });
  say(`\n${nameOf(rate)}, ${options.rounds} rounds of ${options.seconds} s\n\n${table(measured, PEER)}`);
}

const file = options.json ?? DEFAULT_FILE;
mkdirSync(dirname(file), { recursive: true });
const machine = {
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  envoy: ground.tool.version,
};
writeFileSync(file, `${JSON.stringify({ at: new Date(), machine, options, missing, results }, undefined, 2)}\n`);
say(`\n× CPU is against ${running[0]?.name}, × server and × p99 against the server in Go. All figures: ${file}`);
process.exit();
