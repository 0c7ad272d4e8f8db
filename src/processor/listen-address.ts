import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';

/** Where the processor listens: a Unix socket by its path, or a TCP address as `host:port`. */
export type ListenAddress = { readonly path: string } | { readonly hostPort: string };

/** The mode of a socket: its owner and its group, so that Envoy's user gets in by the group and nobody else does. */
const SOCKET_MODE = 0o660;

/** The address as grpc-js names it. */
export function grpcTarget(address: ListenAddress): string {
  return 'path' in address ? `unix:${address.path}` : address.hostPort;
}

/**
 * Makes way for a socket: creates its folder, and removes a socket that a process which is gone left behind.
 *
 * @throws Error when another process listens there, or something else than a socket stands there.
 */
export async function prepareSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isSocket())
    throw new Error(`${path} is there and is no socket: remove it or choose another address in ATTACHE_LISTEN`);
  if (await someoneListens(path))
    throw new Error(`another process listens on ${path}: stop it or choose another address in ATTACHE_LISTEN`);
  rmSync(path);
}

/** Lets the owner and the group of a socket in, and nobody else. */
export function restrictSocket(path: string): void {
  chmodSync(path, SOCKET_MODE);
}

function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}
