import type { ServerDuplexStream, StatusObject, status } from '@grpc/grpc-js';
import type { ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { type Call, ProcessorStream, type StreamContext } from './stream.ts';

type Duplex = ServerDuplexStream<ProcessingRequest, Buffer>;

/** Serves a call for which grpc-js speaks gRPC. */
export function serveGrpcJsCall(duplex: Duplex, context: StreamContext): void {
  const stream = new ProcessorStream(new GrpcJsCall(duplex), context);
  duplex.on('data', (message: ProcessingRequest) => stream.message(message));
  duplex.on('end', () => stream.halfClosed());
  duplex.on('cancelled', () => stream.closed());
}

class GrpcJsCall implements Call {
  readonly #duplex: Duplex;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
  }

  /** What a secret is in is overwritten once it is sent, by the version that it is of or, when it serves once, here. */
  send(message: Buffer, once = false): void {
    if (this.#duplex.writableLength === 0 && !once) {
      this.#duplex.write(message);
      return;
    }
    // A version may be let go of before its turn to be written comes.
    const own = once ? message : Buffer.from(message);
    this.#duplex.write(own, () => own.fill(0));
  }

  end(): void {
    this.#duplex.end();
  }

  fail(code: status, details: string): void {
    this.#duplex.emit('error', { code, details } satisfies Partial<StatusObject>);
  }
}
