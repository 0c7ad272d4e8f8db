import { Deadline } from '../src/cache/deadline.ts';
import { discover } from '../src/discovery/discover.ts';
import { parseCatalogue } from '../src/integrations/read-catalogue.ts';
import type { RequestFacts } from '../src/processor/request-facts.ts';
import { commandLine } from '../test/support/command-line.ts';

commandLine(
  'npm run bench:discovery',
  'What it costs to tell a caller what it may use: the first question of its kind, and each one after that, beside a decision about an injection, which holds up the same loop. In one process, without Envoy.',
  {},
);

const COUNT = 1_000;
const ASKED = 500;

const callers = (index: number) => JSON.stringify(Array.from({ length: 5 }, (_, at) => `10.${index % 50}.${at}.0/24`));
const items = Array.from(
  { length: COUNT },
  (_, index) =>
    `- { integration: a${index}, host: a.example, secret: prod/a, bearer: "{{ . }}", callers: ${index % 2 === 0 ? '["10.0.0.0/8"]' : callers(index)} }\n`,
);
const { catalogue } = parseCatalogue('bench.yaml', `integrations:\n${items.join('')}`);

const question = (index: number, accept: string): RequestFacts => ({
  method: 'GET',
  path: '/',
  // Another port and another address each time.
  authority: `attache.int:${1_024 + index}`,
  attempt: undefined,
  integration: undefined,
  headers: () => [
    [':scheme', 'http'],
    ['accept', accept],
  ],
  oddNames: () => [],
  body: undefined,
  refusedTokens: () => [],
  hasUnreadBody: false,
  givesBodies: false,
  isDiscovery: true,
  before: () => [],
  wasInjected: () => false,
  caller: Object.freeze({ address: `10.200.${index >> 8}.${index & 255}`, uriSan: undefined, claims: undefined }),
});

async function cost(first: number, count: number, accept: string): Promise<number> {
  const before = process.cpuUsage();
  for (let index = first; index < first + count; index += 1) {
    const about = { catalogue, instances: undefined, deadline: new Deadline(2_000) };
    const { status } = await discover(question(index, accept), about);
    if (status !== 200) throw new Error(`answered with ${status}`);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

for (const accept of ['application/json', 'text/html']) {
  const first = await cost(0, 1, accept);
  await cost(1, ASKED, accept);
  const later = await cost(1 + ASKED, ASKED, accept);
  process.stdout.write(
    `${accept}: ${COUNT} integrations, the first question ${(first / 1_000).toFixed(1)} ms of CPU, later ones ${(later / 1_000).toFixed(2)} ms\n`,
  );
}
