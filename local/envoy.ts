import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type AccessLogEntry, parseAccessLog } from './access-log.ts';
import { plainEnvironment } from './environment.ts';
import { privateFolder } from './guard.ts';
import { Journal } from './journal.ts';
import { type Exit, startProgram } from './process.ts';
import type { EnvoyTool } from './tools.ts';

export interface EnvoyOptions {
  readonly tool: EnvoyTool;
  /** The text of the config to run. */
  readonly config: string;
  /** What its file is named, for by its ending Envoy tells JSON from YAML. "envoy.yaml" unless given. */
  readonly configName?: string;
  /** Worker threads. 1 unless given: the machines this runs on are small and busy. */
  readonly concurrency?: number;
  /** Envoy's `--log-level`. "info" unless given. */
  readonly logLevel?: string;
}

/** A running Envoy. */
export interface Envoy extends AsyncDisposable {
  readonly pid: number;
  readonly version: string;
  /** The config it runs, a file that is gone when this process ends. */
  readonly configFile: string;
  /** Port of the first listener on 127.0.0.1. */
  readonly port: number;
  /** Ports of all listeners, by name. */
  readonly ports: ReadonlyMap<string, number>;
  readonly adminPort: number;
  readonly accessLog: Journal<AccessLogEntry>;
  /** Its own log, line by line, with anything on its stdout that is no access-log entry. */
  readonly log: Journal<string>;
  readonly exited: Promise<Exit>;
  /** Its last warnings and errors, for an error message. */
  lastWords(): string;
  /** GETs a page of the admin interface, for example "/config_dump". Throws unless it answers 200. */
  admin(path: string): Promise<string>;
  /** Counters and gauges by name, those whose name matches; histograms are left out. */
  stats(matching?: RegExp): Promise<Record<string, number>>;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

/**
 * Starts an Envoy and waits until it is ready and its listeners accept connections.
 *
 * @throws Error with Envoy's last lines when it refuses the config or is not ready within 20 s
 */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const folder = privateFolder();
  const configFile = join(folder, options.configName ?? 'envoy.yaml');
  const adminFile = join(folder, 'admin-address');
  await writeFile(configFile, options.config);
  const program = await startProgram({
    name: `Envoy ${options.tool.version}`,
    command: options.tool.binary,
    args: [
      ...['--config-path', configFile],
      ...['--concurrency', String(options.concurrency ?? 1)],
      ...['--log-level', options.logLevel ?? 'info'],
      ...['--admin-address-path', adminFile],
      // Without hot restart there is no shared memory for two Envoys to fight over.
      '--disable-hot-restart',
      ...['--drain-time-s', '1'],
      // The access log is buffered for 10 s otherwise.
      ...['--file-flush-interval-msec', '20'],
    ],
    env: plainEnvironment(),
    telling: (line) => !/^\[[^\]]+\]\[\d+\]\[(trace|debug|info)\]/.test(line),
  });

  const accessLog = new Journal<AccessLogEntry>();
  const log = new Journal<string>();
  program.stderr.subscribe((line) => log.add(line));
  program.stdout.subscribe((line) => {
    const entry = parseAccessLog(line);
    if (entry === undefined) {
      log.add(line);
    } else {
      accessLog.add(entry);
    }
  });

  try {
    const ready = { failure: `Envoy ${options.tool.version} was not ready`, timeoutMs: 60_000 };
    const address = await program.until(async () => {
      const text = await readFile(adminFile, 'utf8');
      // Envoy makes the file before it writes it.
      return /:\d+$/.test(text) && text;
    }, ready);
    const admin = async (path: string) => {
      const response = await fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(60_000) });
      const text = await response.text();
      if (!response.ok) {
        throw new Error(`Envoy's admin interface answered ${response.status} to ${path}: ${text.trim()}`);
      }
      return text;
    };
    await program.until(async () => (await admin('/ready')).startsWith('LIVE'), ready);
    const ports = await program.until(async () => listenerPorts(await admin('/listeners?format=json')), ready);
    const [port] = ports.values();
    if (port === undefined) {
      throw new Error('Envoy has no listener with a port');
    }
    await program.until(() => accepts(port), ready);
    const stop = async () => {
      await program.stop();
    };
    return {
      pid: program.pid,
      version: options.tool.version,
      configFile,
      port,
      ports,
      adminPort: Number(address.split(':').pop()),
      accessLog,
      log,
      exited: program.exited,
      lastWords: program.lastWords,
      admin,
      stats: async (matching) => numbers(await admin('/stats'), matching),
      signal: program.signal,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await program.stop(0);
    throw error;
  }
}

/** The port that envoy.yaml gives to a listener without a port, for it must have one. */
const UNBOUND = 1;

interface ListenerList {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address?: { readonly socket_address?: { readonly port_value?: number } };
  }[];
}

function listenerPorts(json: string): ReadonlyMap<string, number> | undefined {
  const ports = new Map<string, number>();
  for (const listener of (JSON.parse(json) as ListenerList).listener_statuses ?? []) {
    const port = listener.local_address?.socket_address?.port_value;
    // A listener that only holds routes has an address by which it is not bound.
    if (port !== undefined && port > UNBOUND) {
      ports.set(listener.name, port);
    }
  }
  return ports.size === 0 ? undefined : ports;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function numbers(text: string, matching: RegExp | undefined): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^(.+): (\d+)$/.exec(line) ?? [];
    if (name !== undefined && (matching?.test(name) ?? true)) {
      found[name] = Number(value);
    }
  }
  return found;
}
