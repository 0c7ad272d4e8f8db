// The least that a server on node:http2 costs: it reads nothing of what it is asked, and always answers the same bytes.
// Usage: node bench/price/floors/http2.ts SOCKET
import { createServer } from 'node:http2';
import { ANSWER } from './answer.ts';

const FRAME = Buffer.concat([Buffer.alloc(5), ANSWER]);
FRAME.writeUInt32BE(ANSWER.length, 1);

const server = createServer();
server.on('stream', (stream) => {
  stream.on('error', () => undefined);
  stream.once('data', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.write(FRAME);
  });
  stream.on('end', () => stream.end());
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
});
server.listen(process.argv[2]);
