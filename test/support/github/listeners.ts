import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { KeyPair } from '../../../local/certificates.ts';
import type { Call, Incoming, Outgoing } from './call.ts';

/** A port that is listened on. */
export interface Listener {
  readonly port: number;
  /** Closes it and every connection. */
  stop(): Promise<void>;
}

/** What is done with each request, on whichever listener. */
export type Handler = (incoming: Incoming, outgoing: Outgoing, protocol: Call['protocol']) => void;

/** Listens on loopback with TLS, for HTTP/1.1 and HTTP/2. */
export function listenSecurely({ key, certificate }: KeyPair, handler: Handler, port: number): Promise<Listener> {
  const server = createSecureServer(
    {
      key,
      cert: certificate,
      allowHTTP1: true,
      // Envoy resets the stream of each response that it retries; a hundred of them are no attack here.
      streamResetBurst: 1_000_000,
      streamResetRate: 1_000_000,
    },
    (incoming, outgoing) => handler(incoming, outgoing, 'https'),
  );
  return listen(server, port);
}

/** Listens on loopback without TLS, for HTTP/1.1. */
export function listenPlainly(handler: Handler): Promise<Listener> {
  return listen(
    createServer((incoming, outgoing) => handler(incoming, outgoing, 'http')),
    0,
  );
}

async function listen(server: Server, port: number): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
