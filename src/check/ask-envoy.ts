import { execFile } from 'node:child_process';
import { executables, isExecutable } from './executables.ts';

/** How long Envoy may look at a file: many times what a thousand integrations take it on a busy machine. In ms. */
const PATIENCE = 60_000;

/** The most that it may print, in bytes: it repeats the whole file, written out, before it says what is wrong. */
const MOST_OUTPUT = 67_108_864;

/** What an installed Envoy says of a file. */
export type Answer =
  | { readonly kind: 'takes'; readonly version: string }
  | { readonly kind: 'late'; readonly version: string }
  /** Why it would not start with it, in its own words. */
  | { readonly kind: 'refuses'; readonly version: string; readonly words: string };

/**
 * The Envoy that is installed: the one in ENVOY_BIN, else the first one on the PATH. Undefined when there is none, which costs nothing
 * but a look into the folders of the PATH.
 */
export function installedEnvoy(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const { ENVOY_BIN: given = '', PATH: path } = env;
  if (given !== '' && isExecutable(given)) return given;
  const [first] = executables('envoy', path);
  return first;
}

/**
 * Has an Envoy look at the file with which it would be started (`--mode validate`). It reads the file and all that the file names, makes
 * of it what it would make at its start, listeners, clusters and filters, and ends. So it runs what stands outside of functions in the
 * file's Lua, loads its modules, and creates the files of its access logs where they are missing. It opens no port, connects to no
 * cluster and to no xDS server; for a cluster of type STRICT_DNS it may send a question to a name server, and does not wait for the
 * answer. So what it says does not depend on the network. It gets nothing of the environment, where credentials may stand.
 *
 * @param options.needsNode whether the file leaves the name of the node to Envoy's flags.
 * @param options.patience in ms, 60 s unless given.
 * @returns undefined for a program that is no Envoy.
 */
export async function askEnvoy(
  binary: string,
  file: string,
  options: { readonly needsNode?: boolean; readonly patience?: number } = {},
): Promise<Answer | undefined> {
  const timeout = options.patience ?? PATIENCE;
  const { output: told } = await run(binary, ['--version'], timeout);
  const version = /version: [0-9a-f]+\/(\d+\.\d+\.\d+(?:-dev)?)\//.exec(told)?.[1];
  if (version === undefined) return undefined;
  const node = options.needsNode === true ? ['--service-node', 'check', '--service-cluster', 'check'] : [];
  const flags = ['--mode', 'validate', '--config-path', file, '--log-level', 'critical', '--disable-hot-restart'];
  const { output, isGood, isLate } = await run(binary, [...flags, ...node], timeout);
  if (isLate) return { kind: 'late', version };
  if (isGood) return { kind: 'takes', version };
  const [, words] = /error initializing configuration '[^\n]*?': ([\s\S]*)$/.exec(output) ?? [];
  return { kind: 'refuses', version, words: (words ?? output).trim() };
}

function run(
  binary: string,
  args: readonly string[],
  timeout: number,
): Promise<{ readonly output: string; readonly isGood: boolean; readonly isLate: boolean }> {
  return new Promise((resolve) => {
    execFile(
      binary,
      args,
      { env: {}, timeout, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT },
      (error, stdout, stderr) =>
        resolve({ output: stdout + stderr, isGood: error === null, isLate: error?.killed === true }),
    );
  });
}
