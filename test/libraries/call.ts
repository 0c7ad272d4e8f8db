import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { startProgram } from '../../local/process.ts';
import type { ReceivedRequest } from '../../local/upstream-server.ts';
import { lineFor } from '../../src/vendors/library.ts';
import type { RealCredential } from './credential.ts';
import type { Environment } from './install.ts';
import type { Place } from './proxy.ts';
import type { Case } from './rows.ts';

const PATIENCE_MS = 120_000;

/** Makes one case's call, and says what is wrong with what arrived; undefined when nothing is. */
export async function call(
  it: Case,
  { vendor, credential, printed, host }: Place,
  { environment, arrived }: { environment: Environment | undefined; arrived: () => readonly ReceivedRequest[] },
): Promise<string | undefined> {
  const name = /^Added (\S+) /m.exec(printed)?.[1] ?? it.api;
  const library = { language: it.language, package: it.package, line: it.line };
  const asPrinted = lineFor(library, `${name}.int`) ?? '';
  if (!printed.includes(`  ${asPrinted} `)) return `attache add does not print: ${asPrinted}`;
  const before = arrived().length;
  const program = await started(it, lineFor(library, host) ?? '', environment);
  const found = () => matched(it.expect, arrived().slice(before), credential).every((request) => request !== undefined);
  const deadline = Date.now() + PATIENCE_MS;
  while (program.exit === undefined && Date.now() < deadline && !found())
    await Promise.race([program.exited, new Promise((resolve) => setTimeout(resolve, 50))]);
  await program.stop(500);
  const seen = arrived().slice(before);
  const missing = it.expect.filter((_, index) => matched(it.expect, seen, credential)[index] === undefined);
  const faults = [
    ...missing.map((request) => `${request} did not arrive`),
    ...seen.filter((request) => request.host !== vendor.host).map((request) => `a request went to ${request.host}`),
    ...seen.flatMap((request) => credential.faultOf(request) ?? []),
  ];
  if (faults.length === 0) return undefined;
  const told = seen.map(({ method, host: to, path }) => `${method} ${to} ${credential.plainPath(path)}`);
  return `${faults.join('; ')}; arrived: ${told.join(', ') || 'nothing'}\n${program.lastWords()}`;
}

/** For each expected request the one that is it, in this order; others may stand between them. */
function matched(
  expected: readonly string[],
  seen: readonly ReceivedRequest[],
  credential: RealCredential,
): (ReceivedRequest | undefined)[] {
  let from = 0;
  return expected.map((wanted) => {
    const index = seen.findIndex(({ method, path }, at) => {
      const plain = credential.plainPath(path);
      return at >= from && `${method} ${wanted.includes('?') ? plain : plain.split('?')[0]}` === wanted;
    });
    if (index >= 0) from = index + 1;
    return seen[index];
  });
}

function started(it: Case, line: string, environment: Environment | undefined) {
  const folder = privateFolder();
  const [, variable, value] = /^export (\w+)=(\S+)$/.exec(line) ?? [];
  const code = it.code.replaceAll('{line}', line);
  const env = plainEnvironment({
    HOME: folder,
    PATH: [environment?.bin, process.env.PATH].filter((entry) => entry !== undefined).join(':'),
    // Whoever goes past the proxy meets a port where nobody listens, and never the vendor.
    https_proxy: 'http://127.0.0.1:9',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    ...it.env,
    ...(variable === undefined || value === undefined ? {} : { [variable]: value }),
  });
  const file = join(folder, { python: 'main.py', node: 'main.mjs', go: 'main.go', shell: 'main.sh' }[it.language]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${code}\n`);
  if (it.language === 'node' && environment !== undefined)
    symlinkSync(join(environment.home, 'node_modules'), join(folder, 'node_modules'));
  const command = { python: 'python3', node: process.execPath, go: 'go', shell: 'sh' }[it.language];
  const program = it.language === 'python' && environment !== undefined ? join(environment.bin, command) : command;
  return startProgram({ name: it.title, command: program, args: [file], env, cwd: folder });
}
