import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from '../../local/environment.ts';
import { privateFolder } from '../../local/guard.ts';
import { type Program, runProgram, startProgram } from '../../local/process.ts';
import type { ReceivedRequest, Upstream } from '../../local/upstream-server.ts';
import { lineFor } from '../../src/vendors/library.ts';
import { proxyLine } from '../../src/vendors/proxy-line.ts';
import type { RealCredential } from './credential.ts';
import { buildGo } from './go-build.ts';
import { codeOf, type Environment, type Installed, programOf } from './install.ts';
import type { Place } from './proxy.ts';
import type { Case } from './rows.ts';

const PATIENCE_MS = 240_000;

/** How a case's call went. */
export interface Result {
  readonly it: Case;
  /** Of what was called: the pinned one, or what the machine has. */
  readonly version: string;
  readonly state: 'ok' | 'FAILED' | 'skipped';
  /** What is wrong, or what this machine lacks. */
  readonly why?: string;
}

/** What a call runs among. */
export interface Surroundings {
  readonly installed: Installed;
  /** The destination: it answers to every vendor's name. */
  readonly upstream: Upstream;
  /** The names that programs have asked for, as they come. */
  readonly names: readonly string[];
  /** The file with the authority of the HTTPS listener's certificate. */
  readonly authority: string;
  /** Envoy's own address. */
  readonly listener: string;
}

/** How a program finds the integration. */
interface WayThere {
  readonly host: string;
  /** What `export` lines put into its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes one case's call, and judges what arrived. */
export async function call(it: Case, place: Place, surroundings: Surroundings): Promise<Result> {
  const { environment, failure, missing } = surroundings.installed;
  const version = it.from === 'system' ? await versionOnPath(it.package) : it.version;
  const lacks = version === undefined ? `${it.package} is not installed` : missing;
  const result = { it, version: version ?? it.version };
  if (lacks !== undefined) return { ...result, state: 'skipped', why: lacks };
  const fault = failure ?? (await faultOf(it, place, environment, surroundings));
  return fault === undefined ? { ...result, state: 'ok' } : { ...result, state: 'FAILED', why: fault };
}

async function faultOf(
  it: Case,
  place: Place,
  environment: Environment | undefined,
  surroundings: Surroundings,
): Promise<string | undefined> {
  const name = /^Added (\S+) /m.exec(place.printed)?.[1] ?? it.api;
  const asPrinted = lineFor(it, `${name}.int`) ?? '';
  if (!place.printed.includes(`  ${asPrinted} `)) return `attache add does not print: ${asPrinted}`;
  const byAddress: WayThere = { host: place.host, env: {} };
  const byProxy: WayThere = { host: `${name}.int`, env: exported(proxyLine(surroundings.listener)) };
  const isPlain = !it.line.includes('{https}');
  const attempt = (way: WayThere) => faultOfCall(it, place, way, environment, surroundings);
  if (!isPlain) return await attempt(byAddress);
  if (!it.ignoresProxy) return await attempt(byProxy);
  const fault = await attempt(byAddress);
  if (fault !== undefined || (await attempt(byProxy)) !== undefined) return fault;
  return 'it reads http_proxy: take ignoresProxy out of the catalogue';
}

async function faultOfCall(
  it: Case,
  { vendor, credential, https }: Place,
  { host, env }: WayThere,
  environment: Environment | undefined,
  { upstream, names, authority }: Surroundings,
): Promise<string | undefined> {
  upstream.answerWith(({ path }) => {
    const plain = credential.plainPath(path);
    return { status: 200, body: {}, ...(it.answers?.[plain] ?? it.answers?.[plain.split('?')[0] ?? '']) };
  });
  const arrived = upstream.requests.entries;
  const before = arrived.length;
  const namesBefore = names.length;
  const program = await started(it, lineFor(it, host, https) ?? '', env, { environment, authority });
  const found = () => matched(it.expect, arrived.slice(before), credential).every((request) => request !== undefined);
  const deadline = Date.now() + PATIENCE_MS;
  while (program.exit === undefined && Date.now() < deadline && !found())
    await Promise.race([program.exited, new Promise((resolve) => setTimeout(resolve, 50))]);
  await program.stop(500);
  const seen = arrived.slice(before);
  const missing = it.expect.filter((_, index) => matched(it.expect, seen, credential)[index] === undefined);
  const elsewhere = new Set(names.slice(namesBefore).filter((asked) => !it.besides?.includes(asked)));
  const faults = [
    ...missing.map((request) => `${request} did not arrive`),
    ...seen.filter((request) => request.host !== vendor.host).map((request) => `a request went to ${request.host}`),
    ...seen.flatMap((request) => credential.faultOf(request, it.env) ?? []),
    ...[...elsewhere].map((asked) => `it went past the proxy to ${asked}`),
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

async function started(
  it: Case,
  line: string,
  more: Readonly<Record<string, string>>,
  { environment, authority }: { environment: Environment | undefined; authority: string },
): Promise<Program> {
  const folder = privateFolder();
  const code = codeOf(it, line);
  const env = plainEnvironment({
    HOME: folder,
    PATH: [environment?.bin, process.env.PATH].filter((entry) => entry !== undefined).join(':'),
    NODE_EXTRA_CA_CERTS: authority,
    REQUESTS_CA_BUNDLE: authority,
    SSL_CERT_FILE: authority,
    ...more,
    ...it.env,
    ...exported(line),
  });
  const program = (command: string, ...args: string[]) =>
    startProgram({ name: it.title, command, args, env, cwd: folder });
  if (it.language === 'go')
    return program(environment === undefined ? 'go' : await buildGo(environment, programOf(it), code));
  const file = join(folder, { python: 'main.py', node: 'main.mjs', shell: 'main.sh' }[it.language]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, code);
  if (it.language === 'node' && environment !== undefined)
    symlinkSync(join(environment.home, 'node_modules'), join(folder, 'node_modules'));
  if (it.language === 'python') return program(join(environment?.bin ?? '', 'python3'), file);
  return program(it.language === 'node' ? process.execPath : 'sh', file);
}

/** The variables that a line of the shell sets; none when it is another line. */
function exported(line: string): Record<string, string> {
  const [, assignments] = /^export (\S+=.*)$/.exec(line) ?? [];
  if (assignments === undefined) return {};
  return Object.fromEntries(assignments.split(' ').map((it) => it.split(/=(.*)/s).slice(0, 2)));
}

/** The version of a program on the PATH; undefined when there is none. */
async function versionOnPath(command: string): Promise<string | undefined> {
  const ran = await runProgram({ name: command, command, args: ['--version'], env: plainEnvironment() }).catch(
    () => undefined,
  );
  return /\d+(?:\.\d+)+/.exec(ran?.stdout.entries.join('\n') ?? '')?.[0];
}
