import type { Server } from 'node:http';

/** Listens on 127.0.0.1 on a port that the operating system chooses, and gives the origin, `http://127.0.0.1:…`. */
export async function listenOnLoopback(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the operating system gave no port');
  return `http://127.0.0.1:${address.port}`;
}

/** Closes a server and every connection to it. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
