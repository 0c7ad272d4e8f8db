import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startAttache } from '../../local/attache.ts';
import { plainEnvironment } from '../../local/environment.ts';
import { startEnvoy } from '../../local/envoy.ts';
import { privateFolder } from '../../local/guard.ts';
import { startProgram } from '../../local/process.ts';
import type { EnvoyTool } from '../../local/tools.ts';
import { until } from '../../local/until.ts';
import { send } from '../../test/e2e/support/send.ts';
import { goProgram } from '../support/go-programs.ts';
import type { Requests } from '../support/load.ts';
import { envoyFile, hostsOf, type Middle, PATH, type Wishes } from './envoy-file.ts';

/** What all targets stand on. */
export interface Ground {
  readonly tool: EnvoyTool;
  readonly wishes: Wishes;
  /** Envoy's `--concurrency`. */
  readonly envoyThreads: number;
  readonly destination: { readonly upstreamPort: number; readonly upstreamCa: string };
  /** Where Attaché finds its secrets. */
  readonly aws: Readonly<Record<string, string>>;
  /** More variables of Attaché's. */
  readonly env: Readonly<Record<string, string>>;
}

/** A way of getting a credential into requests, that runs. */
export interface Target {
  readonly requests: Requests;
  readonly envoyPid: number;
  /** Absent where Envoy asks nobody. */
  readonly serverPid?: number;
}

/** A way of getting a credential into requests. */
export interface TargetKind {
  /** Its name on the command line. */
  readonly key: string;
  /** Its name in the table. */
  readonly name: string;
  /** Starts it; what it starts ends with this process. Undefined: what it needs is not on this machine. */
  start(ground: Ground): Promise<Target | undefined>;
}

/** The program that is measured unless another is named: Attaché as it is shipped. */
export const BUILT = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

/** What is measured, the first one being what the others are compared with. */
export const TARGETS: readonly TargetKind[] = [
  {
    key: 'bare',
    name: 'Envoy alone',
    start: (ground) => behindEnvoy(ground, 'nothing', async () => undefined, { authorization: 'Bearer of-the-caller' }),
  },
  {
    key: 'injector',
    name: "Envoy's credential_injector",
    start: (ground) => behindEnvoy(ground, 'credential_injector', async () => undefined),
  },
  { key: 'lane', name: 'Attaché, express lane', start: (ground) => attache(ground, { middle: 'lane' }) },
  { key: 'attache', name: 'Attaché, ext_proc', start: (ground) => attache(ground) },
  { key: 'attache2', name: 'Attaché, ext_proc, 2 workers', start: (ground) => attache(ground, { workers: 2 }) },
  { key: 'go', name: 'Go (grpc-go), one header', start: goServer },
  { key: 'grpc-js', name: 'grpc-js alone', start: (ground) => floor(ground, 'grpc-js') },
  { key: 'http2', name: 'node:http2 alone', start: (ground) => floor(ground, 'http2') },
];

/** Another build of Attaché, to be measured beside this one. */
export function otherBuild(name: string, entry: string): TargetKind {
  return { key: name, name: `Attaché, ${name}`, start: (ground) => attache(ground, { entry }) };
}

/** Starts Attaché with an Envoy before it. */
export async function attache(
  ground: Ground,
  { middle = 'attache', workers = 1, entry = BUILT }: { middle?: Middle; workers?: number; entry?: string } = {},
): Promise<Target> {
  return behindEnvoy(
    ground,
    middle,
    async (folder, config) => {
      const file = join(folder, 'envoy.yaml');
      await writeFile(file, config);
      const sockets = workers === 1 ? [join(folder, '0.sock')] : [join(folder, '{worker}.sock')];
      const { aws, env } = ground;
      return (await startAttache({ sockets, workers, config: file, aws, env, entry })).pid;
    },
    {},
    workers,
  );
}

async function goServer(ground: Ground): Promise<Target | undefined> {
  const command = await goProgram('extproc');
  if (command === undefined) return undefined;
  return behindEnvoy(ground, 'a server that decides nothing', (folder) =>
    server('the server in Go', command, [], folder),
  );
}

function floor(ground: Ground, name: 'grpc-js' | 'http2'): Promise<Target> {
  const program = join(import.meta.dirname, 'floors', `${name}.ts`);
  return behindEnvoy(ground, 'a server that decides nothing', (folder) =>
    server(`the server on ${name}`, process.execPath, [program], folder),
  );
}

async function server(name: string, command: string, args: readonly string[], folder: string): Promise<number> {
  const socket = join(folder, '0.sock');
  const program = await startProgram({ name, command, args: [...args, socket], env: plainEnvironment() });
  await program.until(async () => existsSync(socket), { failure: `${name} did not listen` });
  return program.pid;
}

async function behindEnvoy(
  { tool, wishes, envoyThreads, destination }: Ground,
  middle: Middle,
  start: (folder: string, config: string) => Promise<number | undefined>,
  headers: Readonly<Record<string, string>> = {},
  sockets = 1,
): Promise<Target> {
  const folder = privateFolder();
  const paths = Array.from({ length: sockets }, (_, index) => join(folder, `${index}.sock`));
  const config = await envoyFile(wishes, middle, { ...destination, sockets: paths });
  const serverPid = await start(folder, config);
  const envoy = await startEnvoy({ tool, config, concurrency: envoyThreads });
  const requests: Requests = { port: envoy.port, hosts: hostsOf(wishes), path: PATH, headers };
  await until(async () => await answers(requests), { failure: 'the first request was not answered with 200' });
  return { requests, envoyPid: envoy.pid, ...(serverPid === undefined ? {} : { serverPid }) };
}

async function answers({ port, hosts: [host = ''], path, headers }: Requests): Promise<boolean> {
  return (await send(port, { host, path, headers: { ...headers } })).status === 200;
}
