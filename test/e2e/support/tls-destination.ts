import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { KeyPair } from '../../../local/certificates.ts';

/** Answers a request of either version, in what the two have in common. */
export type Handler = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => void;

export interface TlsDestinationOptions {
  readonly certificate: KeyPair;
  /** Port of 127.0.0.1, known beforehand because a route names it. */
  readonly port: number;
  /** Offer HTTP/2 before HTTP/1.1, as most APIs do; else HTTP/1.1 alone. */
  readonly http2: boolean;
  /** Answers each request; its body is not read for it. */
  readonly handle: Handler;
  /** Takes an HTTP/1.1 upgrade. Absent: an upgrade is a request like any other. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * Starts a destination that is a test's own, where the local upstream would not do because it reads each body to its end.
 * A route finds it as `localhost:<port>` when the stack runs with `destinations: 'dns'`.
 *
 * @throws Error when the port is taken
 */
export async function startTlsDestination(options: TlsDestinationOptions): Promise<AsyncDisposable> {
  const identity = { key: options.certificate.key, cert: options.certificate.certificate };
  const server = options.http2
    ? createSecureServer({ ...identity, allowHTTP1: true }, options.handle)
    : createServer(identity, options.handle);
  if (options.upgrade !== undefined) {
    server.on('upgrade', options.upgrade);
  }
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) {
          socket.destroy();
        }
      }),
  };
}
