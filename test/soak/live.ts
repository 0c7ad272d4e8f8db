import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { bearer } from '../../local/apis.ts';
import { type Stack, startStack } from '../../local/stack.ts';
import type { Status } from '../../src/admin/status.ts';
import { send } from '../e2e/support/send.ts';
import { commandLine } from '../support/command-line.ts';
import { openLoop } from '../support/open-loop.ts';

const { edits, rate, integrations, patience } = commandLine(
  'npm run test:live',
  'Edits envoy.yaml over and over under load, while Envoy and two workers of Attaché run: integrations are added, changed, taken away, broken and mended. No request to an integration that is not edited may fail; one that is added must be in use soon, with nothing but 404 until then, and one that is broken must change nothing. Prints how long edits took and what became of memory.',
  {
    edits: { says: 'how often the file is edited', default: 200, unit: 'edits' },
    rate: { says: 'how many requests are sent a second', default: 300, unit: 'requests/s' },
    integrations: { says: 'how many more integrations the file holds', default: 0 },
    patience: { says: 'how long an edit may take to be in use before it counts as lost', default: 60_000, unit: 'ms' },
  },
);

/** After how many edits to say what became of memory. */
const A_STRETCH = 100;

const KEY = 'key-of-edited';
const HOSTS = ['one.example', 'two.example'] as const;

/** A virtual host with an integration on one line. */
const virtualHost = (name: string, host: string, secret: string, more = '') =>
  `{ name: ${name}, domains: [${name}.int], routes: [{ match: { prefix: / }, route: { cluster: internet, host_rewrite_literal: ${host}, timeout: 0s${more}, retry_policy: *fresh_secret_on_401 }, request_body_buffer_limit: 16777216, metadata: { filter_metadata: { attache: { integration: ${name}, secret: ${secret}, bearer: "{{ . }}" } } } }] }`;

await using stack = await startStack({
  workers: 2,
  upstream: { hosts: Object.fromEntries(HOSTS.map((host) => [host, ({ authorization }) => bearer(authorization)])) },
  attache: { env: { ATTACHE_LOG: 'warn' } },
});
await stack.aws.put('prod/edited', KEY);
for (const host of HOSTS) stack.upstream.accept(host, KEY);

const original = readFileSync(stack.attacheConfig, 'utf8');
const [, indent] = /^( *)- name: stripe$/m.exec(original) ?? [];
if (indent === undefined) throw new Error('the derived envoy.yaml has no virtual host stripe');
const others = Array.from({ length: integrations }, (_, index) =>
  virtualHost(`api-${index}`, `api-${index}.example`, 'prod/edited'),
);

/** The file with these virtual hosts besides its own. */
function withHosts(...hosts: readonly string[]): string {
  const lines = [...others, ...hosts].map((host) => `${indent}- ${host}\n`).join('');
  return original.replace(/^ *- name: stripe$/m, (line) => `${lines}${line}`);
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const statusOf = async (host: string) => (await send(stack.port, { host, agent }).catch(() => undefined))?.status ?? 0;
const told = async () => (await (await stack.attache.admin('/api/status')).json()) as Status;

/** Writes the file, in place or as another one in its place, and waits for what is expected. @returns how long that took, in ms. */
async function edit(number: number, text: string, isThere: () => Promise<boolean>, what: string): Promise<number> {
  const began = performance.now();
  if (number % 2 === 0) writeFileSync(stack.attacheConfig, text);
  else {
    writeFileSync(`${stack.attacheConfig}.new`, text);
    renameSync(`${stack.attacheConfig}.new`, stack.attacheConfig);
  }
  while (!(await isThere())) {
    if (performance.now() - began > patience)
      throw new Error(`edit ${number} (${what}) was not in use within ${patience} ms`);
    await sleep(5);
  }
  return performance.now() - began;
}

/** Resident memory in MiB: of Envoy, and of Attaché's processes together. */
async function memory(running: Stack): Promise<string> {
  const [, envoy] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${running.envoy.pid}/status`, 'utf8')) ?? [];
  const workers = (await told()).workers.map(({ memoryBytes = 0 }) => Math.round(memoryBytes / 1_048_576));
  return `Envoy ${Math.round(Number(envoy) / 1_024)} MiB, workers ${workers.join(' and ')} MiB`;
}

const times: Record<'added' | 'changed' | 'taken away' | 'broken' | 'mended', number[]> = {
  added: [],
  changed: [],
  'taken away': [],
  broken: [],
  mended: [],
};
let broken = 0;
let wrong = 0;
/** Answers by an edited integration that belong to no file, neither the one before nor the one after. */
const odd: number[] = [];

async function round(number: number): Promise<void> {
  const name = `edited-${number}`;
  const at = (host: string, more?: string) => withHosts(virtualHost(name, host, 'prod/edited', more));
  const is =
    (status: number, before = status) =>
    async () => {
      const now = await statusOf(`${name}.int`);
      if (now !== status && now !== before) odd.push(now);
      return now === status;
    };
  const count = () => HOSTS.map((host) => stack.upstream.requests.entries.filter((it) => it.host === host).length);
  times.added.push(await edit(number, at(HOSTS[0]), is(200, 404), 'added'));
  const [, before = 0] = count();
  times.changed.push(
    await edit(number + 1, at(HOSTS[1]), async () => (await is(200)()) && (count()[1] ?? 0) > before, 'changed'),
  );
  const hasProblem = async () => (await told()).config.problems.length > 0;
  const text = number % 10 < 5 ? at(HOSTS[1], ', no_such_field: 1') : at(HOSTS[1]).replace(`${name}.int`, 'stripe.int');
  times.broken.push(await edit(number, text, hasProblem, 'broken'));
  broken += 1;
  if ((await statusOf(`${name}.int`)) !== 200) wrong += 1;
  times.mended.push(
    await edit(number + 1, at(HOSTS[1], ', priority: DEFAULT'), async () => !(await hasProblem()), 'mended'),
  );
  times['taken away'].push(await edit(number, withHosts(), is(404, 200), 'taken away'));
  stack.upstream.requests.clear();
}

if (others.length > 0)
  await edit(0, withHosts(), async () => (await told()).integrations.length > others.length, 'large');
await round(0);
process.stdout.write(
  `${edits} edits at ${rate} requests/s, ${others.length} more integrations; before: ${await memory(stack)}\n`,
);
for (const list of Object.values(times)) list.length = 0;
const over = new AbortController();
const load = openLoop({ rate, until: over.signal }, (index) => statusOf(index % 3 === 0 ? 'openai.int' : 'stripe.int'));
try {
  for (let number = 5; number < edits + 5; number += 5) {
    await round(number);
    if (number % A_STRETCH === 0) process.stdout.write(`  ${number} edits: ${await memory(stack)}\n`);
  }
} finally {
  over.abort();
}
const result = await load;
const failed = result.count - (result.statuses[200] ?? 0);
for (const [what, list] of Object.entries(times)) {
  list.sort((a, b) => a - b);
  const share = (part: number) =>
    Math.round(list[Math.min(list.length - 1, Math.floor(list.length * part))] ?? Number.NaN);
  process.stdout.write(
    `${what}: ${list.length} edits, in use after ${share(0.5)} ms (median), ${share(0.99)} ms (p99)\n`,
  );
}
process.stdout.write(
  `${failed} of ${result.count} requests to integrations that were not edited failed (${JSON.stringify(result.statuses)}), p99 ${Math.round(result.percentile(0.99))} ms\n` +
    `${wrong} of ${broken} broken files changed something; ${odd.length} answers by edited ones that belong to no file${odd.length > 0 ? ` (${[...new Set(odd)].join(', ')})` : ''}; after: ${await memory(stack)}\n`,
);
agent.destroy();
process.exitCode = failed === 0 && wrong === 0 && odd.length === 0 ? 0 : 1;
