import type { ServerDuplexStream } from '@grpc/grpc-js';
import { followCall } from './follow-call.ts';
import { Secret } from './gen/envoy/extensions/transport_sockets/tls/v3/secret.ts';
import type { DiscoveryRequest } from './gen/envoy/service/discovery/v3/discovery.ts';
import { DiscoveryResponse } from './gen/envoy/service/discovery/v3/discovery.ts';

/** The type of the only resources that are given. */
export const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** What is given to Envoy under one name. */
export interface Pushed {
  /** Tells it from all else that was ever given under this name. Holds nothing of the value. */
  readonly version: string;
  /** Overwritten once it is sent. */
  readonly value: Buffer;
}

/** What an Envoy has that asks. */
export interface Held {
  /** The version that it was given last, by this process or by another one; empty when it has none. */
  readonly version: string;
  /** Whether it was this process. */
  readonly isOwn: boolean;
  /** When this process was asked; monotonic, in ms. */
  readonly askedAt: number;
}

/** Where that comes from which is given to Envoy. */
export interface PushSource {
  /** What an Envoy is to have under this name; undefined when it is to keep what it has. */
  pushed(name: string, held: Held): Pushed | undefined;
  /** Told of each rejection, in Envoy's words. */
  rejected(name: string, reason: string): void;
  /** Milliseconds on the clock by which {@link Held.askedAt} is told. */
  now(): number;
}

type Call = ServerDuplexStream<DiscoveryRequest, Buffer>;

/** One stream of an Envoy. */
interface Subscriber {
  readonly call: Call;
  readonly askedAt: number;
  /** The version that it has, by name. */
  readonly held: Map<string, { readonly version: string; readonly isOwn: boolean }>;
  /** Counts the responses. */
  nonce: number;
}

/**
 * Gives secrets to whichever Envoy asks for them: `envoy.service.secret.v3.SecretDiscoveryService`, state of the world. Envoy has a
 * stream for each.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/security/secret
 */
export class SecretDiscovery {
  readonly #subscribers = new Set<Subscriber>();
  readonly #source: PushSource;
  #closed = false;

  constructor(source: PushSource) {
    this.#source = source;
  }

  /** The names that are asked for, each once. */
  get names(): ReadonlySet<string> {
    return new Set([...this.#subscribers].flatMap(({ held }) => [...held.keys()]));
  }

  /** Gives what stands under a name now to each Envoy that is to have something else than it has. */
  offer(name: string): void {
    for (const subscriber of this.#subscribers) if (subscriber.held.has(name)) this.#offer(subscriber, name);
  }

  /** Serves one call of Envoy's. */
  serve(call: Call): void {
    const subscriber: Subscriber = { call, askedAt: this.#source.now(), held: new Map(), nonce: 0 };
    const leave = () => this.#subscribers.delete(subscriber);
    followCall(call, (request) => this.#hear(subscriber, request), leave);
    if (this.#closed) call.end();
    else this.#subscribers.add(subscriber);
  }

  /** Ends all calls: Envoy keeps what it has, and asks somebody else. */
  close(): void {
    this.#closed = true;
    for (const { call } of this.#subscribers) call.end();
  }

  #hear(subscriber: Subscriber, request: DiscoveryRequest): void {
    const { versionInfo, resourceNames, errorDetail } = request;
    if (errorDetail !== undefined) {
      for (const name of resourceNames) this.#source.rejected(name, errorDetail.message);
    }
    // An answer names what was asked for before.
    for (const name of resourceNames.filter((it) => !subscriber.held.has(it))) {
      // On a stream for one name, what Envoy says that it has is of that name.
      subscriber.held.set(name, { version: resourceNames.length === 1 ? versionInfo : '', isOwn: false });
      this.#offer(subscriber, name);
    }
    for (const name of [...subscriber.held.keys()]) if (!resourceNames.includes(name)) subscriber.held.delete(name);
  }

  #offer(subscriber: Subscriber, name: string): void {
    if (this.#closed) return;
    const { askedAt, held, call } = subscriber;
    const before = held.get(name);
    const pushed = before && this.#source.pushed(name, { ...before, askedAt });
    if (pushed === undefined) return;
    subscriber.nonce += 1;
    const bytes = responseWith(name, pushed, String(subscriber.nonce));
    held.set(name, { version: pushed.version, isOwn: true });
    call.write(bytes, () => bytes.fill(0));
  }
}

function responseWith(name: string, { version, value }: Pushed, nonce: string): Buffer {
  const resource = Secret.encode({ name, genericSecret: { secret: { inlineBytes: value } } }).finish();
  const response = DiscoveryResponse.encode({
    versionInfo: version,
    resources: [{ typeUrl: SECRET, value: Buffer.from(resource.buffer, resource.byteOffset, resource.byteLength) }],
    typeUrl: SECRET,
    nonce,
  }).finish();
  resource.fill(0);
  value.fill(0);
  return Buffer.from(response.buffer, response.byteOffset, response.byteLength);
}
