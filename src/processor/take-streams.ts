import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** Takes a stream, or leaves it to grpc-js by returning false. */
export type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/**
 * Has a listener see the streams of a grpc-js server before grpc-js does. Connections, with their limits and their end, stay with grpc-js.
 *
 * grpc-js has no public way to its HTTP/2 servers, so this reads the map in which it keeps them.
 *
 * @param server one that listens on all its addresses.
 * @throws Error when this grpc-js keeps its servers elsewhere.
 */
export function takeStreams(server: Server, take: StreamListener): void {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) throw new Error(NOT_FOUND);
  for (const http2 of http2Servers.keys()) {
    const others = http2.listeners('stream');
    if (others.length === 0) throw new Error(NOT_FOUND);
    http2.removeAllListeners('stream');
    http2.on('stream', (stream, headers, ...rest) => {
      if (take(stream, headers)) return;
      for (const other of others) other.call(http2, stream, headers, ...rest);
    });
  }
}

const NOT_FOUND =
  'This version of @grpc/grpc-js keeps its HTTP/2 servers elsewhere than Attaché looks for them. Install the version in package-lock.json.';
