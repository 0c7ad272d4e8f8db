import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apis, newKeys } from '../local/apis.ts';
import { startAttache } from '../local/attache.ts';
import { seed, startAws } from '../local/aws.ts';
import { envoyYaml } from '../local/stack.ts';
import { commandLine } from '../test/support/command-line.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../test/support/raw-stream.ts';

commandLine(
  'npm run bench:start',
  'How long Attaché takes from its start to its first answer, and how much memory it takes: the built one, as it is shipped.',
  {},
);

const rounds = 5;
const requests = 20_000;
const question = grpcFrame(envoyRequest({ integration: 'stripe', authority: apis.stripe.host }));

const residentMiB = (pid: number) =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024);

const median = (numbers: number[]) =>
  Math.round(numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN);

await using aws = await startAws();
await seed(aws, newKeys());
const folder = mkdtempSync(join(tmpdir(), 'attache-bench-'));
const samples: { start: number; idle: number; loaded: number }[] = [];
for (let round = 1; round <= rounds; round += 1) {
  const socket = join(folder, '0.sock');
  const began = performance.now();
  await using attache = await startAttache({
    sockets: [socket],
    config: envoyYaml,
    aws: aws.environment,
    entry: 'dist/main.js',
  });
  const session = connectRaw(socket);
  const { answers } = await rawStream(session, [question]);
  if (answers[0]?.response?.$case !== 'requestHeaders')
    throw new Error('Attaché did not inject: is the local AWS seeded?');
  const start = performance.now() - began;
  const idle = residentMiB(attache.pid);
  for (let sent = 0; sent < requests; sent += 100) {
    await Promise.all(Array.from({ length: 100 }, () => rawStream(session, [question])));
  }
  samples.push({ start, idle, loaded: residentMiB(attache.pid) });
  session.destroy();
  process.stdout.write(`round ${round} of ${rounds}: ${JSON.stringify(samples.at(-1))}\n`);
}
rmSync(folder, { recursive: true });
const middle = (key: keyof (typeof samples)[number]) => median(samples.map((sample) => sample[key]));
process.stdout.write(
  `start to first answer ${middle('start')} ms; resident memory ${middle('idle')} MiB idle, ${middle('loaded')} MiB after ${requests} requests\n`,
);
