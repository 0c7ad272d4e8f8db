import { type ClientHttp2Session, connect } from 'node:http2';
import { createConnection } from 'node:net';
import {
  ProcessingRequest,
  ProcessingResponse,
} from '../../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import {
  ADDRESS_ATTRIBUTE,
  ATTEMPT_ATTRIBUTE,
  INTEGRATION_ATTRIBUTE,
  URI_SAN_ATTRIBUTE,
} from '../../src/processor/request-facts.ts';

const PATH = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

/** A message as Envoy sends it for one attempt of a request. */
export function envoyRequest({
  integration,
  attempt = 1,
  authority = 'api.stripe.com',
  address,
  uriSan,
}: {
  integration?: string;
  attempt?: number;
  authority?: string;
  /** With its port. */
  address?: string;
  uriSan?: string;
}): Buffer {
  const headers = [
    { key: ':authority', rawValue: Buffer.from(authority) },
    { key: ':method', rawValue: Buffer.from('GET') },
    { key: ':path', rawValue: Buffer.from('/v1/customers') },
  ];
  return Buffer.from(
    ProcessingRequest.encode({
      request: { $case: 'requestHeaders', value: { headers: { headers }, endOfStream: true } },
      metadataContext: undefined,
      attributes: {
        'envoy.filters.http.ext_proc': {
          ...(integration === undefined ? {} : { [INTEGRATION_ATTRIBUTE]: integration }),
          [ATTEMPT_ATTRIBUTE]: attempt,
          ...(address === undefined ? {} : { [ADDRESS_ATTRIBUTE]: address }),
          ...(uriSan === undefined ? {} : { [URI_SAN_ATTRIBUTE]: uriSan }),
        },
      },
    }).finish(),
  );
}

/** One gRPC message with its prefix: a byte that says whether it is compressed, and its length. */
export function grpcFrame(message: Buffer, { compressed = 0, length = message.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(compressed, 0);
  prefix.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([prefix, message]);
}

/** How a stream went: what came back, and how it ended. */
export interface StreamResult {
  readonly answers: readonly ProcessingResponse[];
  /** grpc-status; undefined when the stream was reset or cut off instead of ended. */
  readonly status: number | undefined;
  readonly message: string | undefined;
}

/** Opens a connection as Envoy does: HTTP/2 without TLS, over a Unix socket. */
export function connectRaw(socketPath: string): ClientHttp2Session {
  // Megabytes: so many streams at once hold more than a client may by default.
  const session = connect('http://attache', {
    createConnection: () => createConnection(socketPath),
    maxSessionMemory: 1_000,
  });
  session.on('error', () => undefined);
  return session;
}

/** Sends bytes on a stream of their own and waits until it is over. */
export function rawStream(
  session: ClientHttp2Session,
  chunks: readonly Buffer[],
  options: { end?: 'half-close' | 'reset' | 'reset-after-answer'; headers?: Record<string, string> } = {},
): Promise<StreamResult> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    let trailers: Record<string, unknown> = {};
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...options.headers,
    });
    stream.on('response', (headers) => {
      if (headers['grpc-status'] !== undefined) trailers = headers;
    });
    stream.on('trailers', (headers) => {
      trailers = headers;
    });
    stream.on('data', (chunk: Buffer) => {
      received.push(chunk);
      if (options.end === 'reset-after-answer' && messages(Buffer.concat(received)).length > 0) stream.close(8);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      const status = trailers['grpc-status'];
      resolve({
        answers: messages(Buffer.concat(received)),
        status: status === undefined ? undefined : Number(status),
        message: trailers['grpc-message'] as string | undefined,
      });
    });
    for (const chunk of chunks) stream.write(chunk);
    if (options.end === 'reset') stream.close(8);
    else if (options.end !== 'reset-after-answer') stream.end();
  });
}

/** The messages that have arrived whole. */
function messages(bytes: Buffer): ProcessingResponse[] {
  const found: ProcessingResponse[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    if (at + 5 + length > bytes.length) break;
    found.push(ProcessingResponse.decode(bytes.subarray(at + 5, at + 5 + length)));
    at += 5 + length;
  }
  return found;
}
