import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { send } from '../test/e2e/support/send.ts';
import { startSigningStack } from '../test/e2e/support/signing-stack.ts';
import { commandLine } from '../test/support/command-line.ts';
import { startEnforcingAws } from '../test/support/enforcing-aws.ts';

commandLine(
  'npm run bench:signing',
  'What it costs to sign a request of 1 KB for AWS, beside one that gets a bearer token: time, and CPU of Attaché and of Envoy, as ratios.',
  {},
);

const rounds = 8;
const requests = 1_000;
const atATime = 8;
const body = Buffer.alloc(1_024, 'x');
const names = ['openai', 'signed', 'unsigned', 'version-4a'] as const;

interface Sample {
  readonly ms: number;
  readonly attache: number;
  readonly envoy: number;
}

/** CPU time of a process so far, in µs: the kernel counts in hundredths of a second. */
const cpuOf = (pid: number) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
};

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

await using aws = await startEnforcingAws();
const { accessKeyId, secretAccessKey } = aws.user;
await aws.put('prod/aws', JSON.stringify({ access_key_id: accessKeyId, secret_access_key: secretAccessKey }));
await aws.put('prod/openai', JSON.stringify({ api_key: 'key' }));
await using stack = await startSigningStack(aws, [
  { name: 'signed', host: 'signed.example', sigv4: { service: 'sqs' } },
  { name: 'unsigned', host: 'unsigned.example', sigv4: { service: 's3', payload: 'unsigned' }, limit: null },
  {
    name: 'version-4a',
    host: 'version-4a.example',
    sigv4: { service: 's3', region: '*', payload: 'unsigned' },
    limit: null,
  },
]);
stack.upstream.accept('openai', 'key');
for (const name of ['signed', 'unsigned', 'version-4a']) stack.upstream.accept(`${name}.example`, accessKeyId);
const agent = new Agent({ keepAlive: true, maxSockets: atATime });

async function measure(name: string): Promise<Sample> {
  const before = { attache: cpuOf(stack.attache.pid), envoy: cpuOf(stack.envoy.pid) };
  const times: number[] = [];
  const loop = async () => {
    while (times.length < requests) {
      const { status, ms } = await send(stack.port, { host: `${name}.int`, body, agent });
      if (status !== 200) throw new Error(`${name} answered ${status}`);
      times.push(ms);
    }
  };
  await Promise.all(Array.from({ length: atATime }, loop));
  stack.upstream.requests.entries.length = 0;
  return {
    ms: median(times),
    attache: (cpuOf(stack.attache.pid) - before.attache) / times.length,
    envoy: (cpuOf(stack.envoy.pid) - before.envoy) / times.length,
  };
}

const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]]));
for (let round = 0; round <= rounds; round += 1) {
  for (const name of names) {
    const sample = await measure(name);
    // The first round warms up.
    if (round > 0) samples[name]?.push(sample);
  }
}
agent.destroy();
const middle = (name: string, what: keyof Sample) => median((samples[name] ?? []).map((sample) => sample[what]));
for (const name of names) {
  const ratio = (what: keyof Sample) => `${(middle(name, what) / middle('openai', what)).toFixed(2)} ×`;
  process.stdout.write(
    `${(name === 'openai' ? 'bearer' : name).padEnd(10)} ${ratio('ms')} time (${middle(name, 'ms').toFixed(2)} ms, ${atATime} at a time), ` +
      `Attaché ${ratio('attache')} CPU (${Math.round(middle(name, 'attache'))} µs), Envoy ${ratio('envoy')} CPU (${Math.round(middle(name, 'envoy'))} µs)\n`,
  );
}
