import type { Server } from '@grpc/grpc-js';

/** Stream resets that one connection may send in a burst, and a second: more than any Envoy can. */
const UNLIMITED = 1_000_000_000;

/**
 * Lifts Node's limit on stream resets. By default Envoy ends each call with a reset, and after about a thousand of them
 * Node takes the connection for an attack and closes it, with every call on it.
 *
 * grpc-js has no public option for it, so this sets one on the options that it hands to `http2.createServer`.
 *
 * @returns tells, once the server listens, whether Node has read the option.
 * @throws Error when this grpc-js keeps its options elsewhere.
 * @see https://nodejs.org/api/http2.html#http2createserveroptions-onrequesthandler
 */
export function liftResetLimit(server: Server): () => boolean {
  const { commonServerOptions: options } = server as unknown as { commonServerOptions?: Record<string, unknown> };
  if (typeof options !== 'object' || options === null) throw new Error(NOT_HONOURED);
  let read = false;
  Object.defineProperty(options, 'streamResetBurst', {
    enumerable: true,
    get() {
      read = true;
      return UNLIMITED;
    },
  });
  options.streamResetRate = UNLIMITED;
  return () => read;
}

/** What to say when {@link liftResetLimit} has no effect. */
export const NOT_HONOURED =
  'This version of @grpc/grpc-js does not pass streamResetBurst on to Node, so Envoy would lose calls under load. Install the version in package-lock.json.';
