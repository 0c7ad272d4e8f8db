import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { type Call, ProcessorStream, type StreamContext } from './stream.ts';

/** Length of what stands before each message: a byte that says whether it is compressed, and its length in four bytes. */
const PREFIX = 5;

/** Under this key a stream of Node's holds the call that it is of. */
const CALL = Symbol('call');

type Stream = ServerHttp2Stream & { [CALL]?: Http2Call | undefined };

/**
 * Whether a request can be served here: one that asks for nothing but plain messages, as Envoy's do. All others are grpc-js's: deadlines,
 * compression, what is no gRPC.
 */
export function isPlainCall(headers: IncomingHttpHeaders, path: string): boolean {
  return (
    headers[':path'] === path &&
    headers[':method'] === 'POST' &&
    headers['content-type'] === 'application/grpc' &&
    headers['grpc-timeout'] === undefined &&
    headers['grpc-encoding'] === undefined
  );
}

/**
 * Serves a call on Node's own HTTP/2, without grpc-js between: it costs a third of the CPU.
 *
 * @param largest the largest message that is read, in bytes.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function serveHttp2Call(stream: ServerHttp2Stream, context: StreamContext, largest: number): void {
  (stream as Stream)[CALL] = new Http2Call(stream, context, largest);
  stream.on('data', read);
  stream.on('end', ended);
  stream.on('wantTrailers', sendTrailers);
  stream.on('close', closed);
  // It is closed as well then, and there is nobody to tell.
  stream.on('error', ignore);
}

// One function each for all streams, which find their call by themselves: V8 keeps each stream that is over, with all that it leads to,
// until it collects the old generation, since Node links it from there.

function read(this: Stream, chunk: Buffer): void {
  this[CALL]?.read(chunk);
}

function ended(this: Stream): void {
  this[CALL]?.ended();
}

function sendTrailers(this: Stream): void {
  this[CALL]?.sendTrailers();
}

function closed(this: Stream): void {
  this[CALL]?.closed();
  this[CALL] = undefined;
}

function ignore(): void {}

class Http2Call implements Call {
  readonly #http2: ServerHttp2Stream;
  readonly #largest: number;
  readonly #stream: ProcessorStream;
  /** What has come of a message that is not whole, and how many bytes that is. */
  #parts: Buffer[] | undefined;
  #length = 0;
  /** How many there must be before they can be one. */
  #wanted = PREFIX;
  #trailers: Record<string, string> = OK;
  #over = false;

  constructor(http2: ServerHttp2Stream, context: StreamContext, largest: number) {
    this.#http2 = http2;
    this.#largest = largest;
    this.#stream = new ProcessorStream(this, context);
  }

  read(chunk: Buffer): void {
    let left = this.#joined(chunk);
    while (left.length >= PREFIX && !this.#over) {
      const length = left.readUInt32BE(1);
      const end = PREFIX + length;
      if (length > this.#largest) {
        this.fail(status.RESOURCE_EXHAUSTED, `a message of ${length} bytes is larger than ${this.#largest}`);
      } else if (left[0] !== 0) {
        this.fail(status.INTERNAL, 'a message is compressed, although its call says nothing of it');
      } else if (left.length < end) {
        break;
      } else {
        this.#message(left.subarray(PREFIX, end));
        left = left.subarray(end);
      }
    }
    if (left.length > 0 && !this.#over) this.#keep(left);
  }

  /** With what has come before it; nothing while that cannot be a message. Parts are joined once, and not with each that comes. */
  #joined(chunk: Buffer): Buffer {
    if (this.#parts === undefined) return chunk;
    this.#parts.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return NOTHING;
    const whole = Buffer.concat(this.#parts, this.#length);
    this.#parts = undefined;
    return whole;
  }

  #keep(part: Buffer): void {
    this.#parts = [part];
    this.#length = part.length;
    this.#wanted = part.length < PREFIX ? PREFIX : PREFIX + part.readUInt32BE(1);
  }

  #message(bytes: Buffer): void {
    const message = decoded(bytes);
    if (message === undefined) this.fail(status.INTERNAL, 'a message is not understood');
    else this.#stream.message(message);
  }

  ended(): void {
    if (!this.#over) this.#stream.halfClosed();
  }

  closed(): void {
    this.#over = true;
    this.#stream.closed();
  }

  sendTrailers(): void {
    this.#http2.sendTrailers(this.#trailers);
  }

  /** What a secret is in is overwritten once it is sent. */
  send(message: Buffer, once = false): void {
    if (!this.#isGone) {
      const frame = Buffer.allocUnsafe(PREFIX + message.length);
      frame[0] = 0;
      frame.writeUInt32BE(message.length, 1);
      message.copy(frame, PREFIX);
      if (!this.#http2.headersSent) this.#http2.respond(HEADERS, ANSWERING);
      this.#http2.write(frame, () => frame.fill(0));
    }
    if (once) message.fill(0);
  }

  end(): void {
    if (this.#isGone) return;
    this.#over = true;
    this.#http2.end();
  }

  fail(code: status, details: string): void {
    if (this.#isGone) return;
    this.#over = true;
    this.#trailers = { 'grpc-status': String(code), 'grpc-message': encodeURI(details) };
    if (this.#http2.headersSent) this.#http2.end();
    else this.#http2.respond({ ...HEADERS, ...this.#trailers }, { endStream: true });
  }

  get #isGone(): boolean {
    return this.#over || this.#http2.destroyed || this.#http2.closed;
  }
}

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
const ANSWERING = { waitForTrailers: true, sendDate: false };
const OK = { 'grpc-status': '0' };
const NOTHING = Buffer.alloc(0);

function decoded(bytes: Buffer): ProcessingRequest | undefined {
  try {
    return ProcessingRequest.decode(bytes);
  } catch {
    return undefined;
  }
}
