import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';

/** What a destination says of an upload that it has read to the end. */
export interface UploadReceipt {
  readonly bytes: number;
  /** Of the whole body, hexadecimal. */
  readonly sha256: string;
  /** The `authorization` that it came with. */
  readonly authorization: string | undefined;
}

/** A request whose body is sent piece by piece. */
export interface Upload {
  /** Bytes written so far. */
  readonly bytes: number;
  /** Sends a piece; resolves when the caller may send more, as the operating system has room again. */
  write(piece: Buffer): Promise<void>;
  /** Ends the body. Returns the sum over all that was sent, and what the destination answered. */
  end(): Promise<{ readonly status: number; readonly sha256: string; readonly receipt: UploadReceipt }>;
}

/**
 * Begins an upload to a port of 127.0.0.1, as a program would to Envoy: in chunks, unless `headers` hold a content-length.
 *
 * @param signal ends the upload, which then throws
 */
export function beginUpload(port: number, headers: OutgoingHttpHeaders, signal: AbortSignal): Upload {
  const outgoing = request({ host: '127.0.0.1', port, path: '/upload', method: 'PUT', headers, agent: false, signal });
  const hash = createHash('sha256');
  let bytes = 0;
  const early = new AbortController();
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      const status = incoming.statusCode ?? 0;
      early.abort(new Error(`the upload was answered with ${status} before its end`));
      text(incoming).then((body) => resolve({ status, body }), reject);
    });
  });
  // A failure is told by write and end, whichever comes first.
  answer.catch(() => {});
  return {
    get bytes() {
      return bytes;
    },
    write: async (piece) => {
      hash.update(piece);
      bytes += piece.length;
      if (outgoing.write(piece)) {
        // Lets a destination in this same process have its turn.
        await setImmediate();
      } else {
        await once(outgoing, 'drain', { signal: early.signal });
      }
    },
    end: async () => {
      outgoing.end();
      const { status, body } = await answer;
      if (!body.startsWith('{')) throw new Error(`the upload was answered with ${status} ${body}`);
      return { status, sha256: hash.digest('hex'), receipt: JSON.parse(body) as UploadReceipt };
    },
  };
}

/**
 * Reads an upload and answers with its receipt, as JSON.
 *
 * @param seen is called with the number of bytes so far; no more is read until it has resolved
 */
export async function receiveUpload(
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse | Http2ServerResponse,
  seen: (bytes: number) => void | Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of incoming) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
    await seen(bytes);
  }
  const receipt: UploadReceipt = {
    bytes,
    sha256: hash.digest('hex'),
    authorization: incoming.headers.authorization,
  };
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end(JSON.stringify(receipt));
}
