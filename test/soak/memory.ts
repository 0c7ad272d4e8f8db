import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { apis, newKeys } from '../../local/apis.ts';
import { startAttache } from '../../local/attache.ts';
import { seed, startAws } from '../../local/aws.ts';
import { privateFolder } from '../../local/guard.ts';
import { envoyYaml } from '../../local/stack.ts';
import { commandLine } from '../support/command-line.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../support/raw-stream.ts';

const { count } = commandLine(
  'npm run test:memory',
  'Asks a running Attaché a million times, as Envoy would: mostly first attempts, some retries and some refusals, half of the streams ended by a reset. Its memory at the end may not be a fifth above that after the first hundred thousand, and when the connections are gone nothing may be left of them.',
  { count: { says: 'how often it is asked', default: 1_000_000, unit: 'requests' } },
);
const batch = 100;

const authority = apis.stripe.host;
/** The retry's place among the questions. */
const RETRY = 97;
const questions = [
  ...Array<Buffer>(RETRY).fill(grpcFrame(envoyRequest({ integration: 'stripe', authority }))),
  grpcFrame(envoyRequest({ integration: 'stripe', authority, attempt: 2 })),
  grpcFrame(envoyRequest({ integration: 'unknown', authority })),
  grpcFrame(envoyRequest({ integration: 'stripe', authority: 'elsewhere.example' })),
];

await using aws = await startAws();
await seed(aws, newKeys());
const socket = join(privateFolder(), '0.sock');
await using attache = await startAttache({
  sockets: [socket],
  config: envoyYaml,
  aws: aws.environment,
  env: { ATTACHE_LOG: 'error' },
});

const residentMiB = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${attache.pid}/status`, 'utf8'))?.[1]) / 1_024);
const openFiles = () => readdirSync(`/proc/${attache.pid}/fd`).length;

const filesBefore = openFiles();
const began = performance.now();
let early = 0;
let unanswered = 0;
for (let sent = 0; sent < count; ) {
  // A connection for every hundred thousand, so that ended ones would pile up if they were not let go of.
  const session = connectRaw(socket);
  for (let of = 0; of < 100_000 && sent < count; of += batch, sent += batch) {
    const end = (sent / batch) % 2 === 0 ? 'half-close' : 'reset-after-answer';
    // What answers a retry comes in two messages, and the reset would come between them.
    const results = await Promise.all(
      questions.map((question, index) => rawStream(session, [question], { end: index === RETRY ? 'half-close' : end })),
    );
    unanswered += results.filter(({ answers }) => !answers.some(({ response }) => response !== undefined)).length;
  }
  session.destroy();
  if (early === 0) early = residentMiB();
  process.stdout.write(`  ${sent} asked, resident ${residentMiB()} MiB\n`);
}
const late = residentMiB();
await setTimeout(2_000);
const filesLeft = openFiles() - filesBefore;

const rate = Math.round((count * 1_000) / (performance.now() - began));
process.stdout.write(
  `${count} requests at ${rate}/s: resident ${early} MiB after the first 100000, ${late} MiB at the end; ${filesLeft} more open files than before\n`,
);
const verdicts = [
  [unanswered === 0, 'every request was answered'],
  [late <= early * 1.2, 'memory at the end is within a fifth'],
  [filesLeft <= 2, 'no connection is left over'],
] as const;
for (const [good, text] of verdicts) process.stdout.write(`${good ? 'passed' : 'FAILED'}: ${text}\n`);
await attache.stop();
await aws.stop();
process.exit(verdicts.every(([good]) => good) ? 0 : 1);
