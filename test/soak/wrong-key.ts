import { Agent } from 'node:http';
import { apis } from '../../local/apis.ts';
import { startStack } from '../../local/stack.ts';
import { startAwsFront } from '../e2e/support/aws-front.ts';
import { addRoutes } from '../e2e/support/routes.ts';
import { send } from '../e2e/support/send.ts';
import { commandLine } from '../support/command-line.ts';
import { openLoop } from '../support/open-loop.ts';

const { minutes, rate } = commandLine(
  'npm run test:wrong-key',
  `Sends requests whose key is simply wrong, for ten minutes. The caller must see the destination's own 401, AWS must hear little of it, and from the second minute on it must cost the caller next to nothing: measured against the same 401 on a route that does not retry, request by request in turn.`,
  {
    minutes: { says: 'how long', default: 10, unit: 'minutes' },
    rate: { says: 'how many requests are sent a second', default: 100, unit: 'requests/s' },
  },
);

await using stack = await startStack({
  attache: false,
  edit: (document) => {
    addRoutes(document, {
      name: 'once',
      host: apis.openai.host,
      attache: { integration: 'once', secret: apis.openai.secret, bearer: '{{ api_key }}' },
      route: { retry_policy: { num_retries: 0 } },
    });
  },
});
await using front = await startAwsFront(stack.aws.endpoint);
await stack.startAttache({ AWS_ENDPOINT_URL_SECRETS_MANAGER: front.endpoint, ATTACHE_LOG: 'warn' });
stack.upstream.accept('openai', 'another key');
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const allowed = [22 + 7, 3];
let good = true;
for (let minute = 1; minute <= minutes; minute += 1) {
  const before = front.calls.entries.length;
  const retried: number[] = [];
  const once: number[] = [];
  const { statuses, count } = await openLoop({ rate, until: 60 }, async (index) => {
    const isRetried = index % 2 === 0;
    const reply = await send(stack.port, { host: isRetried ? 'openai.int' : 'once.int', agent });
    (isRetried ? retried : once).push(reply.ms);
    return reply.status;
  });
  const calls = front.calls.entries.slice(before).filter(({ secret }) => secret === apis.openai.secret);
  const checks = calls.filter(({ body }) => body.VersionStage === 'AWSPENDING').length;
  const added = median(retried) - median(once);
  const passed =
    statuses['401'] === count && checks <= (allowed[Math.min(minute, 2) - 1] ?? 0) && (minute === 1 || added < 1);
  process.stdout.write(
    `minute ${minute}: ${JSON.stringify(statuses)}; checks ${checks}, GetSecretValue calls ${calls.length}; median ${median(retried).toFixed(2)} ms, ${added.toFixed(2)} ms more than without a retry: ${passed ? 'passed' : 'FAILED'}\n`,
  );
  good &&= passed;
}
agent.destroy();
process.exit(good ? 0 : 1);
