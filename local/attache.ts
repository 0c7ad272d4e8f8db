import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment } from './environment.ts';
import type { Journal } from './journal.ts';
import { freePort } from './ports.ts';
import { type Exit, startProgram } from './process.ts';

/** Attaché as it is in the source tree. */
export const sourceEntry = join(import.meta.dirname, '..', 'src', 'main.ts');

export interface AttacheOptions {
  /** Paths of the Unix sockets to listen on; with several workers "/…/{worker}.sock". */
  readonly sockets: readonly string[];
  /** How many workers; 1 unless given. */
  readonly workers?: number;
  /** The envoy.yaml whose integrations it serves. */
  readonly config: string;
  /** AWS_… variables: where Secrets Manager is and as whom to ask. */
  readonly aws: Readonly<Record<string, string>>;
  /** More variables; they win over all others. */
  readonly env?: Readonly<Record<string, string>>;
  /** The file that Node runs: src/main.ts unless given, for example dist/main.js. */
  readonly entry?: string;
  /** Port of its probes, metrics and page on 127.0.0.1. Default: a free one. */
  readonly adminPort?: number;
  /** How long it may take to be ready, in ms; 20,000 unless given. */
  readonly readyWithin?: number;
}

/** A running Attaché. */
export interface Attache extends AsyncDisposable {
  readonly pid: number;
  readonly adminPort: number;
  /** Its log: JSON lines. */
  readonly log: Journal<string>;
  /** What Node itself says: warnings, a crash. Empty when all is well. */
  readonly stderr: Journal<string>;
  readonly exited: Promise<Exit>;
  /** Its last lines, for an error message. */
  lastWords(): string;
  /** Undefined while it runs. */
  readonly exit: Exit | undefined;
  /** GETs a path of the admin address, whatever the status. */
  admin(path: string): Promise<Response>;
  /** For example SIGKILL, or SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after 15 s: it may take 10 s to drain. */
  stop(): Promise<Exit>;
}

/**
 * Starts `attache serve` and waits until it says that it is ready, with all its workers.
 *
 * @throws Error with its last lines when it ends early or is not ready in time
 */
export async function startAttache(options: AttacheOptions): Promise<Attache> {
  const entry = options.entry ?? sourceEntry;
  if (!existsSync(entry)) {
    throw new Error(`${entry} does not exist${entry.includes('dist') ? ': run `npm run build` first' : ''}`);
  }
  const adminPort = options.adminPort ?? (await freePort());
  const program = await startProgram({
    name: 'Attaché',
    command: process.execPath,
    args: [entry, 'serve'],
    env: plainEnvironment({
      ...options.aws,
      ATTACHE_CONFIG: options.config,
      ATTACHE_LISTEN: options.sockets.map((path) => `unix:${path}`).join(','),
      ATTACHE_WORKERS: String(options.workers ?? 1),
      ATTACHE_ADMIN: `127.0.0.1:${adminPort}`,
      ...options.env,
    }),
  });
  const admin = (path: string) =>
    fetch(`http://127.0.0.1:${adminPort}${path}`, { signal: AbortSignal.timeout(60_000) });
  try {
    await program.until(async () => (await admin('/readyz')).status === 200 && (await allReady(admin)), {
      failure: 'Attaché was not ready (GET /readyz)',
      timeoutMs: options.readyWithin ?? 60_000,
    });
  } catch (error) {
    await program.stop(0);
    throw error;
  }
  const stop = () => program.stop(15_000);
  return {
    pid: program.pid,
    adminPort,
    log: program.stdout,
    stderr: program.stderr,
    exited: program.exited,
    lastWords: program.lastWords,
    get exit() {
      return program.exit;
    },
    admin,
    signal: program.signal,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

async function allReady(admin: Attache['admin']): Promise<boolean> {
  const status = (await (await admin('/api/status')).json()) as { workers: { ready: boolean }[] };
  return status.workers.every(({ ready }) => ready);
}
