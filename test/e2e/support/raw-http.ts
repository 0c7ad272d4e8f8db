import { connect } from 'node:net';

export interface RawReply {
  /** The statuses of all responses that came, in their order; empty when the connection was closed without one. */
  readonly statuses: readonly number[];
  /** Everything that came, one character a byte. */
  readonly text: string;
}

/**
 * Writes bytes to a port of 127.0.0.1 and gives back what comes until the server closes the connection, or has said nothing
 * for a while. For requests that no client would make.
 *
 * @param bytes one character a byte.
 * @param options.localAddress whom it comes from.
 * @param options.responses how many must have begun before that counts, for 10 s at most; 1 unless given.
 * @param options.quiet ms without a byte after which the answer is taken for complete, 100 unless given.
 * @throws Error when the connection fails
 */
export function sendRaw(
  port: number,
  bytes: string,
  options: { readonly localAddress?: string; readonly responses?: number; readonly quiet?: number } = {},
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: options.localAddress ?? '127.0.0.1' });
    const chunks: Buffer[] = [];
    const seen = () => {
      const text = Buffer.concat(chunks).toString('latin1');
      const statuses = [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status));
      return { text, statuses };
    };
    const finish = () => {
      socket.destroy();
      const { text, statuses } = seen();
      resolve({ statuses: statuses.filter((status) => status !== 100), text });
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      // The first byte may take as long as Attaché does; what follows comes at once.
      const more = options.responses !== undefined && seen().statuses.length < options.responses;
      socket.setTimeout(more ? 10_000 : (options.quiet ?? 100));
    });
    socket.setTimeout(2_000, finish);
    socket.once('close', finish);
    socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? finish() : reject(error)));
    // No end: Envoy takes a half-closed connection for a caller who has gone.
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}
