import { Agent } from 'node:http';
import { startStack } from '../../local/stack.ts';
import { KEPT } from '../../src/check/retries-rule.ts';
import { startAwsFront } from '../e2e/support/aws-front.ts';
import { send } from '../e2e/support/send.ts';
import { commandLine } from '../support/command-line.ts';
import { openLoop } from '../support/open-loop.ts';
import { ROTATION_KINDS } from '../support/rotation-kinds.ts';

const {
  rotations,
  rate,
  kind: kinds,
} = commandLine(
  'npm run test:rotations',
  'Rotates a key over and over under load, in each of the four ways in which keys are rotated. Every request must be answered with 2xx. Prints what the requests and AWS had to bear.',
  {
    rotations: { says: 'how often each kind of key is rotated', default: 50 },
    rate: { says: 'how many requests are sent a second', default: 300, unit: 'requests/s' },
    kind: { says: 'which of the kinds', default: ['a', 'b', 'c', 'd'], unit: 'letter', defaultSays: 'a b c d' },
  },
);

/** One request in ten carries a body. */
const bodies = [1_000, 65_536, 262_144, 524_288, 1_000, 65_536, 1_100_000, 262_144].map((size) =>
  Buffer.alloc(size, 'x'),
);
/** One in six hundred carries the largest that Envoy keeps for another attempt. */
const largest = Buffer.alloc(KEPT, 'x');
function bodyOf(number: number): Buffer | undefined {
  if (number % 600 === 300) return largest;
  return number % 10 === 0 ? bodies[(number / 10) % bodies.length] : undefined;
}

let good = true;
for (const [index, kind] of ROTATION_KINDS.entries()) {
  const letter = 'abcd'.charAt(index);
  if (!kinds.includes(letter)) continue;
  process.stdout.write(`(${letter}) ${kind.name}: ${rotations} rotations at ${rate} requests/s\n`);
  await using stack = await startStack({ attache: false });
  await using front = await startAwsFront(stack.aws.endpoint);
  // Secrets are checked often, so that the background check falls into every phase of a rotation too.
  await stack.startAttache({
    AWS_ENDPOINT_URL_SECRETS_MANAGER: front.endpoint,
    ATTACHE_REFRESH_AFTER: '5s',
    ATTACHE_LOG: 'warn',
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const done = new AbortController();
  const began = performance.now();
  const load = openLoop({ rate, until: done.signal }, async (number) => {
    const body = bodyOf(number);
    return (await send(stack.port, { host: 'openai.int', path: '/v1/responses', agent, ...(body && { body }) })).status;
  });
  let refused = 0;
  stack.upstream.requests.subscribe(({ status }) => {
    if (status === 401) refused += 1;
  });
  let key = stack.keys.openai;
  for (let done = 1; done <= rotations; done += 1) {
    key = await kind.rotate(stack, key);
    // The bodies alone would fill gigabytes, and the pauses to collect them would be taken for Attaché's.
    stack.upstream.requests.clear();
    stack.envoy.accessLog.clear();
    if (done % 10 === 0) process.stdout.write(`  ${done} rotations\n`);
  }
  done.abort();
  const result = await load;
  agent.destroy();

  const seconds = (performance.now() - began) / 1_000;
  const reads = front.calls.entries.filter(
    ({ operation, secret }) => operation === 'GetSecretValue' && secret === 'prod/openai',
  ).length;
  const background = Math.round(seconds / 4.5);
  const failed = Object.entries(result.statuses).reduce(
    (sum, [status, count]) => (/^2\d\d$/.test(status) ? sum : sum + count),
    0,
  );
  const p99 = result.percentile(0.99);
  process.stdout.write(
    `  ${result.count} requests, ${failed} not answered with 2xx ${JSON.stringify(result.statuses)}; p50 ${result.percentile(0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${result.percentile(1).toFixed(0)} ms\n` +
      `  attempts that the destination refused: ${refused}; GetSecretValue calls: ${reads}, of which about ${background} in the background\n`,
  );
  const passed = failed === 0 && p99 < 250;
  process.stdout.write(`${passed ? 'passed' : 'FAILED'}: (${letter})\n`);
  good &&= passed;
}
process.exit(good ? 0 : 1);
