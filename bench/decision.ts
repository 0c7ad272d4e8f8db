import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAttache } from '../local/attache.ts';
import { startAws } from '../local/aws.ts';
import { decide, type Holdings } from '../src/decide.ts';
import { parseCatalogue } from '../src/integrations/read-catalogue.ts';
import { encodeAnswer } from '../src/processor/encode.ts';
import { ProcessingRequest } from '../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { requestFacts } from '../src/processor/request-facts.ts';
import { SecretStore } from '../src/secrets/secret-store.ts';
import { SecretVersion } from '../src/secrets/secret-version.ts';
import { TokenStore } from '../src/tokens/token-store.ts';
import { commandLine } from '../test/support/command-line.ts';
import { connectRaw, envoyRequest, grpcFrame, rawStream } from '../test/support/raw-stream.ts';

commandLine(
  'npm run bench:decision',
  'What it costs to decide who may what: 1,000 integrations of twenty callers each against one integration with none, as a ratio. Both are measured in turns in one run, so that whatever else the machine does falls on both.',
  {},
);

const MANY = 1_000;

/** How many requests are sent in a row: enough that the collection of garbage falls on every side alike. */
const ROUND = 2_000;

/** How often servers that are compared with each other are started anew: two processes of the same program differ. */
const GENERATIONS = 4;

/** Twenty callers of every kind; the last one lets in whoever comes. */
function callersOf(index: number): string {
  const networks = Array.from({ length: 8 }, (_, at) => `10.${index % 256}.${at}.0/24`);
  const addresses = Array.from({ length: 4 }, (_, at) => `192.0.2.${at + 1}`);
  const ids = Array.from({ length: 4 }, (_, at) => `"spiffe://acme/team-${index}/${at}/*"`);
  return [
    ...networks,
    ...addresses,
    ...ids,
    '"claim:team=core"',
    '"tag:operators"',
    '2001:db8::/32',
    '127.0.0.0/8',
  ].join(', ');
}

const one = 'integrations:\n- { integration: api, host: api.example.com, secret: prod/api, bearer: "{{ . }}" }\n';
const many = `tags: { operators: [10.255.0.0/16, "spiffe://acme/operators/*"] }\nintegrations:\n${Array.from(
  { length: MANY },
  (_, index) =>
    `- { integration: api-${index}, host: api.example.com, secret: prod/api, bearer: "{{ . }}", callers: [${callersOf(index)}] }\n`,
).join('')}`;

/** Callers, a hundred addresses of them, as many as may be busy at a time. */
const addresses = Array.from({ length: 100 }, (_, index) => `127.0.${index % 10}.${index + 1}:40000`);

interface Side {
  readonly name: string;
  readonly config: string;
  readonly messages: readonly Buffer[];
}

function side(name: string, config: string, integrations: readonly string[]): Side {
  const messages = Array.from({ length: 1_000 }, (_, index) =>
    envoyRequest({
      integration: integrations[index % integrations.length] ?? '',
      authority: 'api.example.com',
      address: addresses[index % addresses.length] ?? '',
    }),
  );
  return { name, config, messages };
}

const names = Array.from({ length: MANY }, (_, index) => `api-${index}`);
const none = side('one integration without callers', one, ['api']);
const others = [
  side('one integration of twenty callers', many, ['api-7']),
  side('1,000 integrations without callers', many.replaceAll(/, callers: .*\] }/g, ' }'), names),
  side('1,000 integrations of twenty callers', many, names),
];

/** One file with the integration that has no callers and with those that have, so that one process can be asked for either. */
const both = many.replace('integrations:\n', one);

await inProcess();
await using aws = await startAws();
await aws.put('prod/api', 'key');
await wholeServer();
await withAudit();

/** Everything of a request that runs in Attaché's own code, without gRPC: facts, decision, bytes of the answer. */
async function inProcess(): Promise<void> {
  const run = await Promise.all(
    [none, ...others].map(async ({ config, messages }) => {
      const { catalogue } = parseCatalogue('bench.yaml', config);
      const freshness = { refreshAfter: 3_600_000, maxStale: 86_400_000 };
      const source = { fetch: async () => new SecretVersion('version-1', 'key') };
      const secrets = new SecretStore(source, freshness, () => undefined);
      await secrets.hold(catalogue);
      const tokens = new TokenStore({
        writeBack: { write: () => undefined } as never,
        notify: () => undefined,
      });
      const holdings: Holdings = { catalogue, secrets, tokens, instances: undefined, fetchDeadline: 2_000 };
      const decoded = messages.map((message) => ProcessingRequest.decode(message));
      const handle = (message: ProcessingRequest): number => {
        if (message.request?.$case !== 'requestHeaders') throw new Error('no headers');
        const decision = decide(requestFacts(message, message.request.value), holdings);
        if (decision instanceof Promise || decision.kind !== 'inject')
          throw new Error(`not injected: ${JSON.stringify(decision)}`);
        return encodeAnswer(decision, 'requestHeaders', () => undefined).length;
      };
      return {
        decided: () => {
          let sum = 0;
          for (let round = 0; round < 20; round += 1) for (const message of decoded) sum += handle(message);
          return sum;
        },
        decoded: () => {
          let sum = 0;
          for (let round = 0; round < 20; round += 1) {
            for (const message of messages) sum += handle(ProcessingRequest.decode(message));
          }
          return sum;
        },
        close: () => secrets.close(),
      };
    }),
  );
  for (const [what, key] of [
    ['decision alone', 'decided'],
    ['with the decoding of its message', 'decoded'],
  ] as const) {
    for (const { [key]: work } of run) for (let round = 0; round < 10; round += 1) work();
    const times = run.map((): number[] => []);
    for (let round = 0; round < 60; round += 1) {
      for (const [index, { [key]: work }] of run.entries()) {
        const began = performance.now();
        work();
        times[index]?.push(((performance.now() - began) * 1_000) / 20_000);
      }
    }
    report(
      what,
      times,
      'µs a request',
      [none, ...others].map(({ name }) => name),
    );
  }
  for (const { close } of run) close();
}

/** The shipped way: gRPC over a socket, CPU of the process. All are asked of one process, which no difference between two can blur. */
async function wholeServer(): Promise<void> {
  const sides = [none, ...others.filter(({ config }) => config === many)];
  await using server = await serverOf(both);
  const frames = sides.map(({ messages }) => messages.map((message) => grpcFrame(message)));
  const times = await rounds(
    frames.map((all) => ({ server, frames: all })),
    40,
  );
  report(
    'whole server',
    times,
    'µs of CPU a request',
    sides.map(({ name }) => name),
  );
}

/** The same with every decision in Attaché's own log: two processes, started anew several times. */
async function withAudit(): Promise<void> {
  const frames = none.messages.map((message) => grpcFrame(message));
  const times: number[][] = [[], []];
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    await using plain = await serverOf(one);
    await using audited = await serverOf(one, { ATTACHE_AUDIT: 'all' });
    const measured = await rounds(
      [plain, audited].map((server) => ({ server, frames })),
      10,
    );
    for (const [index, samples] of measured.entries()) times[index]?.push(...samples);
  }
  report('whole server', times, 'µs of CPU a request', [none.name, 'ATTACHE_AUDIT=all']);
}

interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly session: ClientHttp2Session;
}

async function serverOf(config: string, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'attache-bench-'));
  const file = join(folder, 'list.yaml');
  writeFileSync(file, config);
  const socket = join(folder, '0.sock');
  const attache = await startAttache({ sockets: [socket], config: file, aws: aws.environment, env });
  const session = connectRaw(socket);
  return {
    pid: attache.pid,
    session,
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      await attache.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** µs of CPU a request for each side and round; the first rounds, in which code is compiled, do not count. */
async function rounds(
  sides: readonly { readonly server: Server; readonly frames: readonly Buffer[] }[],
  count: number,
): Promise<number[][]> {
  const times = sides.map((): number[] => []);
  for (let round = -3; round < count; round += 1) {
    for (let place = 0; place < sides.length; place += 1) {
      // Each side is at each place of the row in its turn.
      const index = (round + 3 + place) % sides.length;
      const { server, frames } = sides[index] as (typeof sides)[number];
      const began = cpuOf(server.pid);
      await load(server.session, frames);
      if (round >= 0) times[index]?.push((cpuOf(server.pid) - began) / ROUND);
    }
  }
  return times;
}

async function load(session: ClientHttp2Session, frames: readonly Buffer[]): Promise<void> {
  for (let sent = 0; sent < ROUND; sent += 50) {
    const some = Array.from({ length: 50 }, (_, index) =>
      rawStream(session, [frames[(sent + index) % frames.length] as Buffer]),
    );
    for (const { answers } of await Promise.all(some)) {
      if (answers[0]?.response?.$case !== 'requestHeaders') throw new Error('not injected');
    }
  }
}

/** CPU that a process has used, in µs, to the nanosecond as the scheduler counts it. */
function cpuOf(pid: number): number {
  return readThreads(pid).reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000;
}

function readThreads(pid: number): number[] {
  return globSync(`/proc/${pid}/task/*/schedstat`).map((file) => Number(readFileSync(file, 'utf8').split(' ')[0]));
}

/** The first side is what the others are compared with. */
function report(what: string, times: readonly number[][], unit: string, names: readonly string[]): void {
  const [base = [], ...rest] = times;
  process.stdout.write(`${what}: ${quantile(base, 0.5).toFixed(2)} ${unit} with ${names[0]}\n`);
  for (const [index, samples] of rest.entries()) {
    const ratios = samples.map((time, round) => time / (base[round] ?? Number.NaN));
    const [low, high] = [0.25, 0.75].map((share) => quantile(ratios, share).toFixed(2));
    const ratio = (quantile(samples, 0.5) / quantile(base, 0.5)).toFixed(2);
    process.stdout.write(`  ${ratio} times that (half of the rounds ${low} to ${high}) with ${names[index + 1]}\n`);
  }
}

function quantile(samples: readonly number[], share: number): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length * share)] ?? Number.NaN;
}
