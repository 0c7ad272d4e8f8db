import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';

/** RCODE of an answer that says that there is no such name (RFC 1035, section 4.1.1). */
const NO_SUCH_NAME = 3;

/** A name server that knows no name, and remembers which it was asked for. */
export interface NameServer extends AsyncDisposable {
  /** The names so far, in small letters and in the order of the questions; each as often as it was asked for. */
  readonly asked: readonly string[];
}

/**
 * Starts it at port 53 of 127.0.0.1, where the programs that are cut off ask.
 *
 * @throws Error when the port is taken or may not be used
 */
export async function startNameServer(): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port }) => {
    const { id, questions = [] } = decode(message);
    asked.push(...questions.map(({ name }) => name.toLowerCase()));
    socket.send(
      encode({ type: 'response', ...(id === undefined ? {} : { id }), flags: NO_SUCH_NAME, questions }),
      port,
      address,
    );
  });
  socket.bind(53, '127.0.0.1');
  await once(socket, 'listening');
  return {
    asked,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}
