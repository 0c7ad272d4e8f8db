import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { apis } from '../../local/apis.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import type { Status } from '../../src/admin/status.ts';
import { send } from '../e2e/support/send.ts';
import { commandLine } from '../support/command-line.ts';
import { type LoadResult, openLoop } from '../support/open-loop.ts';

const { seconds, rate, entry } = commandLine(
  'npm run test:workers',
  'Two workers behind the real Envoy, under a load of a fixed rate. One of them is killed (SIGKILL) every second, in turns; then all are replaced by a rolling restart (SIGHUP). No request may fail.',
  {
    seconds: { says: 'how long workers are killed', default: 60, unit: 'seconds' },
    rate: { says: 'how many requests are sent a second', default: 500, unit: 'requests/s' },
    entry: { says: 'what Node runs', default: 'dist/main.js', unit: 'file' },
  },
);
/** Longer than a rolling restart of two workers takes. */
const ROLL_SECONDS = 20;

await using stack = await startStack({
  workers: 2,
  attache: { entry },
});
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const load = (duration: number) =>
  openLoop({ rate, until: duration }, async () => {
    const { status: code } = await send(stack.port, { host: 'openai.int', path: apis.openai.example, agent });
    return code;
  });

const failed = ({ count, statuses }: LoadResult) => count - (statuses[200] ?? 0);

/** The result on one line: counts by outcome, and how long answers took from when they were due. */
function loadLine(result: LoadResult): string {
  const times = ([0.5, 0.99, 0.999] as const).map(
    (share) => `p${share * 100} ${result.percentile(share).toFixed(1)} ms`,
  );
  return `${result.count} sent, ${JSON.stringify(result.statuses)}, ${times.join(', ')}, longest ${result.percentile(1).toFixed(0)} ms`;
}

const status = async (it: Stack) => (await (await it.attache.admin('/api/status')).json()) as Status;
const restarts = async () => (await status(stack)).workers.map((worker) => worker.restarts);

/** Kills the process of one worker and then of the other, one a second. Returns how many it killed. */
async function killInTurns(until: number): Promise<number> {
  let killed = 0;
  for (let turn = 0; performance.now() < until; turn += 1) {
    const next = performance.now() + 1_000;
    const { pid, ready } = (await status(stack)).workers[turn % 2] ?? {};
    if (pid !== undefined) {
      process.kill(pid, 'SIGKILL');
      killed += 1;
      if (!ready) process.stdout.write(`  worker ${turn % 2} was killed before it was ready again\n`);
    }
    await sleep(Math.max(0, next - performance.now()));
  }
  return killed;
}

/** How long the places of killed workers were empty, in ms, the longest last. */
function gaps(): number[] {
  const ended = new Map<number, number>();
  const found: number[] = [];
  for (const line of stack.attache.log.entries) {
    const { msg, worker, time } = JSON.parse(line) as { msg: string; worker: number; time: string };
    if (msg === 'worker ended') ended.set(worker, Date.parse(time));
    const since = ended.get(worker);
    if (msg !== 'worker is ready' || since === undefined) continue;
    found.push(Date.parse(time) - since);
    ended.delete(worker);
  }
  return found.sort((a, b) => a - b);
}

/** Why requests failed since `from`, as Envoy's access log has it: how many in which second. */
function reasons(from: number): string {
  const counts: Record<string, number> = {};
  for (const { status: code, time, why } of stack.envoy.accessLog.entries) {
    const second = Math.floor((Date.parse(time) - from) / 1_000);
    if (code === 200 || second < 0) continue;
    const key = `  second ${second}: ${code} ${why?.replace(/remote_address:.*\//, '')}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count} times\n`)
    .join('');
}

process.stdout.write(`Envoy ${stack.envoy.version}, two workers, ${rate} requests a second\n`);
await load(3);
process.stdout.write(`${seconds} s, a worker killed every second\n`);
const killingFrom = Date.now();
const [underKills, killed] = await Promise.all([
  load(seconds),
  killInTurns(performance.now() + seconds * 1_000 - 1_500),
]);
const empty = gaps();
process.stdout.write(
  `  ${loadLine(underKills)}\n  killed ${killed}, restarts by worker ${(await restarts()).join(' and ')}, ready again after ${empty[Math.floor(empty.length / 2)]} ms at the median and ${empty.at(-1)} ms at most\n${reasons(killingFrom)}`,
);

await sleep(3_000);
const before = await restarts();
process.stdout.write(`${ROLL_SECONDS} s, a rolling restart\n`);
const done = () =>
  stack.attache.log.find((line) => line.includes('rolling restart: done'), 'the end of the rolling restart', 30_000);
const rollingFrom = Date.now();
const [underRoll, rollMs] = await Promise.all([
  load(ROLL_SECONDS),
  sleep(1_000).then(async () => {
    const began = performance.now();
    stack.attache.signal('SIGHUP');
    await done();
    return performance.now() - began;
  }),
]);
const replaced = (await restarts()).map((count, worker) => count - (before[worker] ?? 0));
process.stdout.write(
  `  ${loadLine(underRoll)}\n  took ${(rollMs / 1_000).toFixed(1)} s, replaced by worker ${replaced.join(' and ')}\n${reasons(rollingFrom)}`,
);
const stats = await stack.envoy.stats(
  /^cluster\.attache\.(upstream_rq_retry|upstream_rq_retry_success|upstream_cx_connect_fail|health_check\.failure)$/,
);
process.stdout.write(`Envoy: ${JSON.stringify(stats)}\n`);
agent.destroy();

const verdicts = [
  [failed(underKills) === 0, 'no request failed while workers were killed'],
  [failed(underRoll) === 0, 'no request failed in a rolling restart'],
  [replaced.every((count) => count === 1), 'the rolling restart replaced each worker once'],
] as const;
for (const [good, text] of verdicts) process.stdout.write(`${good ? 'passed' : 'FAILED'}: ${text}\n`);
process.exitCode = verdicts.every(([good]) => good) ? 0 : 1;
