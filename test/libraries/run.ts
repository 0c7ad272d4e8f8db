// Calls each API of the catalogue with the real client libraries at pinned versions, pointed at the proxy by the very line
// that attache add prints. Fails when a request does not arrive at the vendor's stand-in, at the right path, with the real key.
import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import { call } from './call.ts';
import { type Environment, groupOf, groupsOf, install } from './install.ts';
import { type Place, startProxy } from './proxy.ts';
import { allCases } from './rows.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const began = Date.now();
const progress = (line: string) => console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`);

const all = allCases();
const cases = all.filter(({ title }) => title.includes(values.only ?? ''));
if (cases.length === 0) {
  console.error(`no row's "API language package" contains "${values.only}"; the rows stand in test/libraries/rows`);
  process.exit(1);
}

/** By group: where it is, or why it is not. */
const environments = new Map<string, Environment | Error>();
// Installers are heavy: two at once, on a machine that has other things to do.
const installs = new PQueue({ concurrency: 2 });
await Promise.all(
  // A group is installed whole, whichever of its rows are asked for: the next run then finds it.
  [...groupsOf(all)]
    .filter(([name]) => cases.some((it) => groupOf(it) === name))
    .map(([name, group]) =>
      installs.add(async () => {
        environments.set(name, await install(group, progress).catch((error: Error) => error));
      }),
    ),
);

await using proxy = await startProxy(cases, progress);
const { upstream } = proxy.stack;
const results: { api: string; library: string; version: string; result: string }[] = [];
let failed = 0;
for (const [index, it] of cases.entries()) {
  const place = proxy.places.get(it.api) as Place;
  const environment = environments.get(groupOf(it));
  upstream.answerWith(({ path }) => ({ status: 200, body: it.answers?.[path.split('?')[0] ?? ''] ?? {} }));
  const fault =
    environment instanceof Error
      ? environment.message
      : await call(it, place, { environment, arrived: () => upstream.requests.entries });
  const result = fault === undefined ? 'ok' : 'FAILED';
  if (result === 'FAILED') failed += 1;
  results.push({ api: it.api, library: `${it.package} (${it.language})`, version: it.version, result });
  progress(
    `${index + 1}/${cases.length} ${it.title} ${it.version}: ${result}${fault === undefined ? '' : ` — ${fault}`}`,
  );
}
console.table(results);
const apis = new Set(results.map(({ api }) => api)).size;
console.log(
  `${results.length} libraries over ${apis} APIs, ${failed} failed, in ${((Date.now() - began) / 1000).toFixed(0)} s`,
);
process.exitCode = failed === 0 ? 0 : 1;
