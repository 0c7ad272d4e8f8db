import { setTimeout as sleep } from 'node:timers/promises';
import { apiNames } from '../../local/apis.ts';
import { startScriptedStack } from '../e2e/support/scripted-stack.ts';
import { commandLine } from '../support/command-line.ts';
import type { Fault } from '../support/scripted-secrets-manager/fault.ts';
import { type SteadyRequests, steadyRequests } from '../support/steady-requests.ts';

const values = commandLine(
  'npm run test:outage',
  `AWS Secrets Manager goes away under a steady load: one secret's calls hang, another's connections are cut, the third's get a 503. Nothing may fail before the stale budget ends; then each request gets a 503; and once AWS is back, a 200 within 2 s.`,
  {
    rate: { says: 'how many requests are sent a second', default: 100, unit: 'requests/s' },
    maxStale: { says: 'how old a value may become', default: 60, unit: 'seconds' },
  },
);
const { rate } = values;
const maxStale = values.maxStale * 1_000;

const faults: Record<(typeof apiNames)[number], Fault> = {
  stripe: 'hang',
  openai: 'cut',
  anthropic: { status: 503, body: '<html>', headers: { 'content-type': 'text/html' } },
};

const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;

await using scripted = await startScriptedStack({
  ATTACHE_REFRESH_AFTER: '5s',
  ATTACHE_MAX_STALE: `${maxStale}ms`,
  ATTACHE_LOG: 'error',
});
const { stack, aws } = scripted;
const loads = apiNames.map((name) => ({
  name,
  secret: `prod/${name}`,
  requests: steadyRequests(stack.port, `${name}.int`, rate / apiNames.length),
}));
say(`${rate} requests/s over ${loads.length} secrets, refreshed every 5 s, served until ${seconds(maxStale)} old`);
await sleep(6_000);

const downAt = Date.now();
aws.disturb(({ secret }) => faults[apiNames.find((name) => secret === `prod/${name}`) ?? 'stripe']);
say('AWS is down');
const refused = await Promise.all(loads.map(({ requests }) => first(requests, downAt, false, maxStale + 10_000)));
await sleep(5_000);
const backAt = Date.now();
aws.disturb(undefined);
say('AWS is back');
const served = await Promise.all(loads.map(({ requests }) => first(requests, backAt, true, 20_000)));
await sleep(5_000);
await Promise.all(loads.map(({ requests }) => requests.stop()));

let good = true;
for (const [index, { name, secret, requests }] of loads.entries()) {
  const refusedAt = refused[index]?.sentAt ?? Number.NaN;
  const servedAt = served[index]?.answeredAt ?? Number.NaN;
  const age = refusedAt - scripted.lastReadBefore(secret, downAt);
  const failedEarly = requests.failed(0, refusedAt).length;
  const failedLate = requests.failed(servedAt, Number.POSITIVE_INFINITY).length;
  const down = requests.failed(refusedAt, backAt);
  const plain = down.filter(({ status, retryAfter }) => status === 503 && retryAfter !== undefined).length;
  const calls = aws.calls.entries.filter((call) => call.secret === secret && call.at.getTime() >= downAt);
  const during = calls.filter(({ at }) => at.getTime() < backAt).length;
  const fault = faults[name];
  say(`${secret} (${typeof fault === 'string' ? fault : '503 with a page'}), ${requests.seen.entries.length} requests`);
  say(`  failures before the stale budget ended: ${failedEarly}; first 503 at age ${seconds(age)}`);
  say(`  ${down.length} refused while it was down, ${plain} of them by 503 with retry-after`);
  say(`  served again ${seconds(servedAt - backAt)} after AWS was back; failures after that: ${failedLate}`);
  say(`  calls to AWS: ${during} in ${seconds(backAt - downAt)} of outage, ${calls.length - during} in the 5 s after`);
  good &&= failedEarly === 0 && failedLate === 0 && plain === down.length && age > maxStale - 200;
  good &&= servedAt - backAt < 2_000;
}
say(`${good ? 'passed' : 'FAILED'}: AWS away for ${seconds(backAt - downAt)}`);
process.exitCode = good ? 0 : 1;

/** The first request sent after a moment that gets a 200, or that does not. */
async function first(requests: SteadyRequests, after: number, well: boolean, timeoutMs: number) {
  const what = `a request to ${requests.host} that ${well ? 'succeeds' : 'is refused'}`;
  return await requests.seen.find(
    ({ sentAt, status }) => sentAt >= after && (status === 200) === well,
    what,
    timeoutMs,
  );
}
