import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { DiscoveryRequest, DiscoveryResponse } from './gen/envoy/service/discovery/v3/discovery.ts';
import {
  ExternalProcessorService,
  type ProcessingRequest,
} from './gen/envoy/service/ext_proc/v3/external_processor.ts';
import { RouteDiscoveryServiceService } from './gen/envoy/service/route/v3/rds.ts';
import { SecretDiscoveryServiceService } from './gen/envoy/service/secret/v3/sds.ts';
import { serveGrpcJsCall } from './grpc-js-call.ts';
import { isPlainCall, serveHttp2Call } from './http2-call.ts';
import { grpcTarget, type ListenAddress, prepareSocket, restrictSocket } from './listen-address.ts';
import { liftResetLimit, NOT_HONOURED } from './reset-limit.ts';
import { RouteDiscovery } from './route-discovery.ts';
import type { SecretDiscovery } from './secret-discovery.ts';
import type { StreamContext } from './stream.ts';
import { type StreamListener, takeStreams } from './take-streams.ts';

/** The largest body that can be signed, in bytes. Envoy's buffer filter sets the limit; this one is above what is wise there. */
export const LARGEST_BODY = 16 * 1_048_576;

/** The largest message that is read, in bytes: a body, or four times what Envoy allows all headers of a request by default. */
const LARGEST_MESSAGE = LARGEST_BODY + 262_144;

/** Who speaks gRPC for external processing. */
export type Transport = 'node:http2' | 'grpc-js';

/** Envoy's service, with answers that are bytes already. */
const SERVICE = {
  process: { ...ExternalProcessorService.process, responseSerialize: (bytes: Buffer) => bytes },
};

const SECRETS = {
  streamSecrets: { ...SecretDiscoveryServiceService.streamSecrets, responseSerialize: (bytes: Buffer) => bytes },
};

/** The gRPC server that Envoy asks: external processing, routes, secrets and grpc.health.v1, on any number of addresses. */
export class ProcessorServer {
  readonly #server = new Server({ 'grpc.max_receive_message_length': LARGEST_MESSAGE });
  readonly #health = new HealthImplementation({ '': 'NOT_SERVING' });
  readonly #limitLifted: () => boolean;

  readonly #routes: RouteDiscovery;
  readonly #secrets: SecretDiscovery | undefined;
  /** Takes the calls that grpc-js need not see; undefined when it sees all. */
  readonly #take: StreamListener | undefined;

  /**
   * @param options.routes gives Envoy its routes. Default: none.
   * @param options.secrets gives Envoy what it puts into requests itself. Default: nobody does.
   * @param options.transport who speaks gRPC for external processing; grpc-js does for all else, and for calls that ask for more than plain
   *   messages. Default: node:http2, which costs less.
   */
  constructor(
    context: StreamContext,
    {
      routes = new RouteDiscovery(() => undefined),
      secrets,
      transport = 'node:http2',
    }: {
      readonly routes?: RouteDiscovery;
      readonly secrets?: SecretDiscovery;
      readonly transport?: Transport;
    } = {},
  ) {
    this.#routes = routes;
    this.#secrets = secrets;
    this.#limitLifted = liftResetLimit(this.#server);
    this.#take =
      transport === 'grpc-js'
        ? undefined
        : (stream, headers) => {
            const isPlain = isPlainCall(headers, SERVICE.process.path);
            if (isPlain) serveHttp2Call(stream, context, LARGEST_MESSAGE);
            return isPlain;
          };
    this.#server.addService(SERVICE, {
      process: (call: ServerDuplexStream<ProcessingRequest, Buffer>) => serveGrpcJsCall(call, context),
    });
    this.#server.addService(RouteDiscoveryServiceService, {
      streamRoutes: (call: ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>) => routes.serve(call),
    });
    if (secrets !== undefined) {
      this.#server.addService(SECRETS, {
        streamSecrets: (call: ServerDuplexStream<DiscoveryRequest, Buffer>) => secrets.serve(call),
      });
    }
    this.#health.addToServer(this.#server);
  }

  /**
   * Listens, and says SERVING to health checks.
   *
   * @throws Error when an address cannot be had, or when Node's reset limit could not be lifted.
   */
  async listen(addresses: readonly ListenAddress[]): Promise<void> {
    for (const address of addresses) {
      if ('path' in address) await prepareSocket(address.path);
      await this.#bind(grpcTarget(address));
      if ('path' in address) restrictSocket(address.path);
    }
    if (!this.#limitLifted()) throw new Error(NOT_HONOURED);
    if (this.#take !== undefined) takeStreams(this.#server, this.#take);
    this.#health.setStatus('', 'SERVING');
  }

  /**
   * Ends well: says NOT_SERVING, takes no new calls, lets those under way be answered.
   *
   * @param grace ms after which what is still under way is cut off, which Envoy takes as an error.
   */
  async drain(grace: number): Promise<void> {
    this.#health.setStatus('', 'NOT_SERVING');
    // These calls have no end of their own.
    this.#routes.close();
    this.#secrets?.close();
    const force = setTimeout(() => this.#server.forceShutdown(), grace);
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    clearTimeout(force);
  }

  #bind(target: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else reject(new Error(`cannot listen on ${target}: ${error.message}`));
      });
    });
  }
}
