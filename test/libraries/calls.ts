// What run.ts starts, cut off from every network: the stack, then one program after the other.
// Arguments: a file with what is installed, by group, and parts of the titles of those that are called.
import { readFileSync } from 'node:fs';
import { call, type Result } from './call.ts';
import { groupOf, type Installed } from './install.ts';
import { startNameServer } from './name-server.ts';
import { type Place, startProxy } from './proxy.ts';
import { allCases } from './rows.ts';

const [file = '', ...only] = process.argv.slice(2);
const installed: Readonly<Record<string, Installed>> = JSON.parse(readFileSync(file, 'utf8'));
const began = Date.now();
const seconds = () => ((Date.now() - began) / 1000).toFixed(0);
const progress = (line: string) => console.error(`${seconds().padStart(4)} s  ${line}`);

const cases = allCases(only);
await using names = await startNameServer();
await using proxy = await startProxy(cases, progress);
const results: Result[] = [];
for (const [index, it] of cases.entries()) {
  const result = await call(it, proxy.places.get(it.api) as Place, {
    installed: installed[groupOf(it)] ?? {},
    upstream: proxy.stack.upstream,
    names: names.asked,
    authority: proxy.authority,
    listener: proxy.listener,
  });
  results.push(result);
  const { state, why } = result;
  progress(
    `${index + 1}/${cases.length} ${it.title} ${result.version}: ${state}${why === undefined ? '' : `, ${why}`}`,
  );
}
console.table(
  results.map(({ it, version, state }) => ({
    api: it.api,
    library: `${it.package} (${it.language})`,
    version,
    result: state,
  })),
);
const count = (state: Result['state']) => results.filter((it) => it.state === state).length;
const apis = new Set(results.filter(({ state }) => state === 'ok').map(({ it }) => it.api)).size;
for (const why of new Set(results.flatMap(({ state, why }) => (state === 'skipped' ? [why] : []))))
  console.log(`skipped: ${why}`);
console.log(
  `${count('ok')} libraries and tools over ${apis} APIs ok, ${count('FAILED')} failed, ${count('skipped')} skipped, in ${seconds()} s`,
);
process.exitCode = count('FAILED') === 0 ? 0 : 1;
