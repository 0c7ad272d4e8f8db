import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sourceEntry } from '../../../local/attache.ts';
import { plainEnvironment } from '../../../local/environment.ts';
import { privateFolder } from '../../../local/guard.ts';
import { Journal } from '../../../local/journal.ts';
import { freePort } from '../../../local/ports.ts';
import { until } from '../../../local/until.ts';
import type { Status } from '../../../src/admin/status.ts';

/** An `attache serve` whose processes may outlive one another: the local stack's would be ended together. AWS is down. */
export interface Serving {
  readonly child: ChildProcess;
  readonly log: Journal<string>;
  readonly stderr: Journal<string>;
  /** The file that defines its one integration. */
  readonly config: string;
  readonly sockets: readonly string[];
  readonly exited: Promise<number | NodeJS.Signals | null>;
  status(): Promise<Status>;
  /** Waits until it is ready with so many workers. */
  ready(workers: number): Promise<Status>;
  /** Kills whatever is left of it. */
  end(): Promise<void>;
}

/** A plain list of one integration, without and with a mistake. */
export const GOOD = 'integrations:\n- { integration: a, host: a.example, secret: prod/a, bearer: "{{ . }}" }\n';
export const BAD = `${GOOD}- { integration: b, hots: b.example, secret: prod/b, bearer: "{{ . }}" }\n`;

export async function startServing(
  args: readonly string[],
  options: { readonly config?: string; readonly node?: readonly string[]; readonly shell?: string } = {},
): Promise<Serving> {
  const folder = privateFolder();
  const config = join(folder, 'integrations.yaml');
  writeFileSync(config, options.config ?? GOOD);
  const port = await freePort();
  const command = [process.execPath, ...(options.node ?? []), sourceEntry, 'serve', ...args];
  const child = spawn('sh', ['-c', `${options.shell ?? ''} exec "$@"`, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: plainEnvironment({
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1',
      ATTACHE_CONFIG: config,
      ATTACHE_LISTEN: `unix:${folder}/{worker}.sock`,
      ATTACHE_ADMIN: `127.0.0.1:${port}`,
    }),
  });
  const log = new Journal<string>();
  const stderr = new Journal<string>();
  createInterface({ input: child.stdout }).on('line', (line) => log.add(line));
  createInterface({ input: child.stderr }).on('line', (line) => stderr.add(line));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  const seen = new Set<number>();
  const status = async () => {
    const it = (await (await fetch(`http://127.0.0.1:${port}/api/status`)).json()) as Status;
    for (const { pid } of it.workers) if (pid !== undefined) seen.add(pid);
    return it;
  };
  return {
    child,
    log,
    stderr,
    config,
    sockets: [0, 1].map((worker) => join(folder, `${worker}.sock`)),
    exited,
    status,
    ready: (workers) =>
      until(
        async () => {
          const it = await status();
          return it.workers.length === workers && it.workers.every(({ ready }) => ready) && it;
        },
        { failure: 'Attaché was not ready' },
      ),
    end: async () => {
      for (const pid of [child.pid, ...seen]) if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
      await exited;
    },
  };
}

/** Whether a process runs. One that has ended keeps its number until its parent, or init, has asked after it. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
