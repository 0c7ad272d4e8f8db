import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  status,
} from '@grpc/grpc-js';
import type { KeyPair } from '../../../local/certificates.ts';

const asItIs = (message: Buffer) => message;
const talk: MethodDefinition<Buffer, Buffer> = {
  path: '/test.Echo/Talk',
  requestStream: true,
  responseStream: true,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
};

/** The message upon which the server ends the call with an error. */
export const FAIL = 'fail';

/**
 * Starts a gRPC server over TLS that answers each message at once with the same message. Its headers say in `seen-authorization`
 * with what key it was called; its trailers say in `echoed` how many messages came. On `FAIL` it ends with RESOURCE_EXHAUSTED.
 *
 * @param port of 127.0.0.1, known beforehand because a route names it
 * @throws Error when the port is taken
 */
export async function startGrpcEcho(certificate: KeyPair, port: number): Promise<AsyncDisposable> {
  const server = new Server();
  server.addService(
    { talk },
    {
      talk: (call: ServerDuplexStream<Buffer, Buffer>) => {
        const headers = new Metadata();
        headers.set('seen-authorization', call.metadata.get('authorization').join(' and '));
        call.sendMetadata(headers);
        let echoed = 0;
        const trailers = () => {
          const metadata = new Metadata();
          metadata.set('echoed', String(echoed));
          return metadata;
        };
        call.on('data', (message: Buffer) => {
          if (message.toString() === FAIL) {
            call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'as asked: 100 %', metadata: trailers() });
            return;
          }
          echoed += 1;
          call.write(message);
        });
        call.on('end', () => call.end(trailers()));
      },
    },
  );
  const { certificate: cert_chain, key: private_key } = certificate;
  const identity = [{ cert_chain: Buffer.from(cert_chain), private_key: Buffer.from(private_key) }];
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createSsl(null, identity), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return { [Symbol.asyncDispose]: async () => server.forceShutdown() };
}

/** A call to the echo, by way of Envoy. */
export interface EchoCall extends Disposable {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
}

/** Calls the echo through a port of 127.0.0.1, without TLS, as a program would call Envoy. */
export function callEcho(port: number, authority: string, headers: Readonly<Record<string, string>>): EchoCall {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_authority': authority,
    'grpc.enable_retries': 0,
  });
  const stream = client.makeBidiStreamRequest(
    talk.path,
    talk.requestSerialize,
    talk.responseDeserialize,
    Metadata.fromHttp2Headers(headers),
    { deadline: Date.now() + 20_000 },
  );
  return {
    stream,
    [Symbol.dispose]: () => {
      stream.cancel();
      client.close();
    },
  };
}
