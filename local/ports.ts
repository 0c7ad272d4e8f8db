import { createServer } from 'node:net';

/** A port on 127.0.0.1 that nobody uses now, chosen by the operating system. */
export function freePort(): Promise<number> {
  return tryPort(0);
}

/** `preferred` when it is free on 127.0.0.1, otherwise another free port. */
export async function portNear(preferred: number): Promise<number> {
  try {
    return await tryPort(preferred);
  } catch {
    return freePort();
  }
}

function tryPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') {
          reject(new Error('the operating system gave no port'));
        } else {
          resolve(address.port);
        }
      });
    });
  });
}
