import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';

/** A proxy for CONNECT (RFC 9110, section 9.3.6). */
export interface Tunnel extends AsyncDisposable {
  /** For example "http://127.0.0.1:3128". */
  readonly url: string;
}

/** Starts a proxy on loopback that leads every host to one port of 127.0.0.1: the names stay, and so does the TLS. */
export async function startTunnel(port: number): Promise<Tunnel> {
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('connect', (_, client: Socket) => {
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    sockets.add(onward);
    onward.once('error', () => client.destroy()).once('close', () => client.destroy());
    client.once('error', () => onward.destroy()).once('close', () => onward.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the operating system gave no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
