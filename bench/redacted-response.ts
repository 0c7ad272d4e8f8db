import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../local/ports.ts';
import { startStack } from '../local/stack.ts';
import { redacting } from '../test/e2e/support/redacting.ts';
import { addRoutes } from '../test/e2e/support/routes.ts';
import { send } from '../test/e2e/support/send.ts';
import { startTlsDestination } from '../test/e2e/support/tls-destination.ts';
import { commandLine } from '../test/support/command-line.ts';

const values = commandLine(
  'npm run bench:redacted-response',
  'What `redact: true` costs through the real Envoy, beside the same route without it: CPU and time of small JSON and of 1 MB bodies, and how much later server-sent events arrive. Then many bodies of 10 MB at a time, which must come out right.',
  {
    seconds: { says: 'how long each load takes', default: 5, unit: 'seconds' },
    bodies: { says: 'how many bodies of 10 MB', default: 100 },
    events: { says: 'how many events a stream has', default: 500, unit: 'events' },
  },
);
const MiB = 2 ** 20;
const routes = ['plain', 'redact'] as const;
type Route = (typeof routes)[number];

const port = await freePort();
await using stack = await startStack({
  destinations: 'dns',
  edit: (document) => {
    const attache = { secret: 'prod/openai', bearer: '{{ api_key }}' };
    const host = `localhost:${port}`;
    addRoutes(
      document,
      { name: 'plain', host, attache: { integration: 'plain', ...attache } },
      { name: 'redact', host, attache: { integration: 'redact', ...attache, redact: true }, entry: redacting },
    );
  },
});

const record = { id: 'cus_9s6XKzkNRiz8i3', email: 'jenny.rosen@example.com', live: true, total: 73_150 };
const small = Buffer.from(JSON.stringify(record));
const large = Buffer.alloc(MiB, `${JSON.stringify(record)},\n`);
const huge = Buffer.alloc(10 * MiB, `${JSON.stringify(record)},\n`);
for (let place = 65_530; place < huge.length; place += 262_144) huge.write(stack.keys.openai, place);
const expected = Buffer.from(huge.toString('latin1').replaceAll(stack.keys.openai, '[redacted]'), 'latin1');

let streams: (outgoing: ServerResponse) => void = () => undefined;
await using _destination = await startTlsDestination({
  certificate: await stack.issue(['localhost']),
  port,
  http2: false,
  handle: (incoming, outgoing) => {
    const response = outgoing as ServerResponse;
    switch (incoming.url) {
      case '/large':
        return void response.end(large);
      case '/huge':
        return void response.end(huge);
      case '/events':
        return streams(response);
      default:
        response.setHeader('content-type', 'application/json');
        return void response.end(small);
    }
  },
});

/** CPU that a process has used, in ms: user and system, in ticks of 10 ms. */
function cpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Eight callers, each asking again as soon as it is answered. */
async function load(route: Route, path: string, seconds: number) {
  const agent = new Agent({ keepAlive: true });
  const before = { envoy: cpu(stack.envoy.pid), attache: cpu(stack.attache.pid) };
  const began = performance.now();
  let count = 0;
  const caller = async () => {
    while (performance.now() - began < seconds * 1_000) {
      const { status } = await send(stack.port, { host: `${route}.int`, path, agent });
      if (status !== 200) throw new Error(`${route} answered ${status}`);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  const elapsed = performance.now() - began;
  agent.destroy();
  return {
    perSecond: (count * 1_000) / elapsed,
    envoy: (cpu(stack.envoy.pid) - before.envoy) / count,
    attache: (cpu(stack.attache.pid) - before.attache) / count,
  };
}

const number = (value: number) => value.toFixed(value < 10 ? 2 : 0);

process.stdout.write(`Envoy ${stack.envoy.version}, one worker; Attaché, one worker; eight callers\n\n`);
process.stdout.write('                          requests/s   CPU ms a request: Envoy   Attaché\n');
for (const [path, what] of [
  ['/small', `JSON of ${small.length} bytes`],
  ['/large', 'a body of 1 MB'],
] as const) {
  const figures = {} as Record<Route, Awaited<ReturnType<typeof load>>>;
  for (const route of routes) await load(route, path, 1);
  for (const route of routes) {
    const figure = await load(route, path, values.seconds);
    figures[route] = figure;
    const cells = [figure.perSecond, figure.envoy, figure.attache].map((value) => number(value).padEnd(22));
    process.stdout.write(`${`${what}, ${route}`.padEnd(26)} ${cells.join('')}\n`);
  }
  const { plain, redact } = figures;
  const ratio = (redact.envoy + redact.attache) / (plain.envoy + plain.attache);
  process.stdout.write(
    `${''.padEnd(26)} with redact ${number((redact.perSecond / plain.perSecond) * 100)} % of the throughput, ${ratio.toFixed(1)} times the CPU\n`,
  );
}

/** How long each event takes from the destination to the caller, in ms. */
async function eventDelays(route: Route): Promise<number[]> {
  const opened = Promise.withResolvers<ServerResponse>();
  streams = (outgoing) => {
    outgoing.setHeader('content-type', 'text/event-stream');
    opened.resolve(outgoing);
    outgoing.write(': hello\n\n');
  };
  const headers = { host: `${route}.int` };
  const outgoing = request({ host: '127.0.0.1', port: stack.port, path: '/events', headers, agent: false }).end();
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  await once(incoming, 'data');
  const destination = await opened.promise;
  const delays: number[] = [];
  for (let index = 0; index < values.events; index += 1) {
    const written = performance.now();
    const arrived = once(incoming, 'data');
    destination.write(`data: {"choices":[{"delta":{"content":" desk ${index}"},"index":0}]}\n\n`);
    await arrived;
    delays.push(performance.now() - written);
    await sleep(4);
  }
  destination.end();
  incoming.resume();
  await once(incoming, 'end');
  return delays.sort((a, b) => a - b);
}

process.stdout.write('\nserver-sent events, from the destination to the caller\n');
const at = (delays: readonly number[], share: number) => delays[Math.floor(delays.length * share)] ?? Number.NaN;
const delays = {} as Record<Route, number[]>;
for (const route of routes) delays[route] = await eventDelays(route);
for (const route of routes)
  process.stdout.write(
    `${route.padEnd(26)} median ${at(delays[route], 0.5).toFixed(2)} ms, 99th ${at(delays[route], 0.99).toFixed(2)} ms\n`,
  );
const later = at(delays.redact, 0.5) - at(delays.plain, 0.5);
const latest = at(delays.redact, 0.99) - at(delays.plain, 0.99);
process.stdout.write(`${''.padEnd(26)} later by ${later.toFixed(2)} ms, at the 99th by ${latest.toFixed(2)} ms\n`);

const total = values.bodies;
let begun = 0;
let right = 0;
const began = performance.now();
const caller = async () => {
  while (begun < total) {
    begun += 1;
    const reply = await send(stack.port, { host: 'redact.int', path: '/huge', timeoutMs: 120_000 }).catch(String);
    if (typeof reply === 'object' && reply.body.equals(expected)) right += 1;
  }
};
await Promise.all(Array.from({ length: 8 }, caller));
const rate = (right * huge.length) / 1e6 / ((performance.now() - began) / 1_000);
const waits = stack.envoy.accessLog.entries
  .filter(({ path }) => path === '/huge')
  .map((entry) => Number(entry.attache_us) / 1_000)
  .sort((a, b) => a - b);
process.stdout.write(
  `\n${right} of ${total} bodies of 10 MB were right, eight at a time, ${rate.toFixed(0)} MB/s\n` +
    `meanwhile requests waited for their key ${at(waits, 0.5).toFixed(0)} ms, at the 99th ${at(waits, 0.99).toFixed(0)} ms\n`,
);
const { status } = await send(stack.port, { host: 'redact.int', path: '/small' });
const good = right === total && status === 200 && later < 10;
process.stdout.write(
  `${good ? 'passed' : 'FAILED'}: nothing leaked, nothing was lost, Envoy runs, events come within 10 ms\n`,
);
process.exitCode = good ? 0 : 1;
