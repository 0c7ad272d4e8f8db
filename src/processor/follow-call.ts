import type { ServerDuplexStream } from '@grpc/grpc-js';

/**
 * Hears what comes on a call of Envoy's, and ends it when Envoy does.
 *
 * @param left told when nothing comes any more, however the call ended; more than once, perhaps.
 */
export function followCall<Message>(
  call: ServerDuplexStream<Message, unknown>,
  hear: (message: Message) => void,
  left: () => void,
): void {
  call.on('data', hear);
  call.on('end', () => {
    left();
    call.end();
  });
  call.on('cancelled', left);
  call.on('error', left);
}
