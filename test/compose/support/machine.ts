import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from '../../../local/environment.ts';
import { privateFolder } from '../../../local/guard.ts';
import { type Program, runProgram, startProgram } from '../../../local/process.ts';
import type { Compose } from './compose-file.ts';

/** Stands in for a Docker host: mounts and a network of its own, so that nothing is seen outside and all ends with it. */
export interface Machine extends AsyncDisposable {
  /** What goes before a command to run it as root on this machine. */
  readonly enter: readonly string[];
  /** A new folder, gone when this process ends. */
  folder(name: string): Promise<string>;
  /** Where a named volume's files are. */
  volume(name: string): string;
  /** Runs a command to its end. Throws with its last lines when it fails. */
  run(command: readonly string[]): Promise<Program>;
}

/**
 * Starts a machine with the volumes of a Compose file.
 *
 * @throws Error when this process may not make namespaces, mounts and other users' processes
 */
export async function startMachine(volumes: Compose['volumes']): Promise<Machine> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      'this test runs the containers of docker-compose.yml without Docker: as several users, with mounts and a network of their own. Only root may do that. Run it as root, or in a container that allows it.',
    );
  }
  const home = privateFolder();
  const volume = (name: string) => join(home, 'volumes', name);
  const mounts: string[] = [];
  for (const [name, { driver_opts: driver }] of Object.entries(volumes)) {
    await mkdir(volume(name), { recursive: true });
    if (driver !== undefined) {
      mounts.push(`mount -t ${driver.type} -o '${driver.o}' ${driver.device} '${volume(name)}'`);
    }
  }
  const script = [
    'set -e',
    ...mounts,
    'ip link set lo up',
    // What the Compose files ask of each container that listens below 1024.
    'echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start',
    'echo up',
    'exec sleep infinity',
  ];
  const holder = await startProgram({
    name: 'the machine (unshare)',
    command: 'unshare',
    args: ['--mount', '--net', 'sh', '-c', script.join('\n')],
    env: plainEnvironment(),
  });
  try {
    await holder.until(async () => holder.stdout.entries.includes('up'), { failure: 'the machine was not up' });
  } catch (error) {
    throw new Error(
      `namespaces and mounts cannot be made; in a container, give it --privileged. ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
  const enter = ['nsenter', '--target', String(holder.pid), '--mount', '--net', '--'];
  return {
    enter,
    volume,
    folder: async (name) => {
      const folder = join(home, name);
      await mkdir(folder, { recursive: true });
      return folder;
    },
    run: (command) => runOn(enter, command),
    [Symbol.asyncDispose]: async () => {
      await holder.stop(0);
    },
  };
}

function runOn(enter: readonly string[], command: readonly string[]): Promise<Program> {
  const [first = '', ...rest] = [...enter, ...command];
  return runProgram({ name: command.join(' '), command: first, args: rest, env: plainEnvironment() });
}
