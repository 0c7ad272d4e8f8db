// The least that a server on grpc-js costs: it reads nothing of what it is asked, and always answers the same bytes.
// Usage: node bench/price/floors/grpc-js.ts SOCKET
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { ExternalProcessorService } from '../../../src/processor/gen/envoy/service/ext_proc/v3/external_processor.ts';
import { ANSWER } from './answer.ts';

const same = (bytes: Buffer) => bytes;
const service = { process: { ...ExternalProcessorService.process, requestDeserialize: same, responseSerialize: same } };

const server = new Server();
server.addService(service, {
  process: (call: ServerDuplexStream<Buffer, Buffer>) => {
    call.on('data', () => call.write(ANSWER));
    call.on('end', () => call.end());
  },
});
server.bindAsync(`unix:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});
