import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAttache } from '../local/attache.ts';
import { startAws } from '../local/aws.ts';
import { until } from '../local/until.ts';
import type { Status } from '../src/admin/status.ts';
import { commandLine } from '../test/support/command-line.ts';
import { envoyFileOf } from '../test/support/many-integrations.ts';
import { openLoop } from '../test/support/open-loop.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../test/support/raw-stream.ts';
import type { HeldUp } from './support/loop-delay.ts';

const { integrations: MANY } = commandLine(
  'npm run bench:reload',
  `What a change of the file costs those who are being answered: a steady load of questions to one worker of two, first without changes, then with one change after the other. It prints the latency and how long the worker's event loop was held up.`,
  { integrations: { says: 'how many integrations the file holds', default: 1_000, bare: true } },
);

/** How many of them share a secret. */
const SHARE = 10;

/** Questions a second. */
const RATE = 500;

const RELOADS = 10;

const folder = mkdtempSync(join(tmpdir(), 'attache-bench-'));
const file = join(folder, 'envoy.yaml');
const write = (edit: number) => writeFileSync(file, envoyFileOf(MANY, { edit, share: SHARE }));
write(0);

await using aws = await startAws();
for (let secret = 0; secret * SHARE < MANY; secret += 1) await aws.put(`prod/api-${secret}`, 'key');
await using attache = await startAttache({
  sockets: [join(folder, '{worker}.sock')],
  workers: 2,
  config: file,
  aws: aws.environment,
  env: {
    LOOP_DELAY_FOLDER: folder,
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'support', 'loop-delay.ts')}`,
  },
});
const status = async () => (await (await attache.admin('/api/status')).json()) as Status;
const pid = (await status()).workers[0]?.pid ?? Number.NaN;
const session = connectRaw(join(folder, '0.sock'));
const questions = Array.from({ length: MANY - 1 }, (_, index) =>
  grpcFrame(
    envoyRequest({ integration: `api-${index}`, authority: `api-${index}.example.com`, address: '127.0.0.1:40000' }),
  ),
);

const taken = () => attache.log.entries.filter((line) => line.includes('configuration read again')).length;

async function underLoad(what: string, during: () => Promise<void>): Promise<void> {
  await heldUp();
  const end = new AbortController();
  const load = openLoop({ rate: RATE, until: end.signal }, async (index) => {
    const { answers } = await rawStream(session, [questions[index % questions.length] as Buffer]);
    return answers[0]?.response?.$case === 'requestHeaders' ? 200 : 0;
  });
  await during();
  end.abort();
  const { count, statuses, percentile } = await load;
  const ms = (share: number) => percentile(share).toFixed(1);
  const { clock, cpu } = await heldUp();
  process.stdout.write(
    `${what}: ${count} questions (${JSON.stringify(statuses)}), answered in ${ms(0.5)} ms (p50), ${ms(0.99)} ms (p99), ${ms(1)} ms (most); the event loop was held up for ${clock.toFixed(1)} ms at most by the clock, ${cpu.toFixed(1)} ms by its own CPU\n`,
  );
}

/** The longest since it was asked last. */
async function heldUp(): Promise<HeldUp> {
  const told = join(folder, `${pid}.json`);
  rmSync(told, { force: true });
  process.kill(pid, 'SIGUSR2');
  await until(async () => existsSync(told) && readFileSync(told, 'utf8') !== '', { failure: 'no word of the worker' });
  return JSON.parse(readFileSync(told, 'utf8')) as HeldUp;
}

await underLoad('to warm up', () => sleep(3_000));
await underLoad('without changes', () => sleep(10_000));
const took: number[] = [];
await underLoad(`with ${RELOADS} changes of ${MANY} integrations`, async () => {
  for (let edit = 1; edit <= RELOADS; edit += 1) {
    const began = performance.now();
    write(edit);
    // By the log: a question for the status would be one more thing for the workers to answer.
    await until(async () => taken() === 2 * edit, {
      failure: 'the change was not taken over',
      timeoutMs: 60_000,
    });
    took.push(performance.now() - began);
    await sleep(300);
  }
});
process.stdout.write(`from the change to its use in both workers: ${Math.round(Math.max(...took))} ms at most\n`);
session.destroy();
await attache.stop();
rmSync(folder, { recursive: true });
