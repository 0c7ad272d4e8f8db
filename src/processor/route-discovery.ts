import type { ServerDuplexStream } from '@grpc/grpc-js';
import { shortHash } from '../integrations/short-hash.ts';
import { followCall } from './follow-call.ts';
import type { DiscoveryRequest, DiscoveryResponse } from './gen/envoy/service/discovery/v3/discovery.ts';

/** The type of the only resources that are given. */
export const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

/** Routes to be given to Envoy. */
export interface Publication {
  /** Bytes of an `envoy.config.route.v3.RouteConfiguration` each, by name. */
  readonly routes: ReadonlyMap<string, Uint8Array>;
  /** Tells what Envoy reads of the file when it starts from what it said before. Hexadecimal digits. */
  readonly fingerprint: string;
}

/** What became of a publication. `unheard`: no Envoy has asked for routes that differ, or none has answered in time. */
export type Verdict =
  | { readonly kind: 'accepted' | 'unheard' }
  | { readonly kind: 'rejected' /** Envoy's own words. */; readonly reason: string };

/** How long Envoy may take to say what it makes of routes, in ms: many times what 5,000 virtual hosts take. */
const PATIENCE = 10_000;

type Call = ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

/** One Envoy that asks for routes. */
interface Subscriber {
  readonly call: Call;
  names: readonly string[];
  /** The fingerprint of what it started with. */
  startedWith: string;
  /** Counts the responses. */
  nonce: number;
  /** The version of what was last sent to it. */
  sent: string | undefined;
  /** Told of its answer to that. */
  answered: ((verdict: Verdict) => void) | undefined;
}

/**
 * Gives routes to whichever Envoy asks for them: `envoy.service.route.v3.RouteDiscoveryService`, state of the world.
 *
 * The version that Envoy holds says with which file it was started. Envoy repeats it to whoever it asks next, so that no process has
 * to remember it.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
 */
export class RouteDiscovery {
  readonly #subscribers = new Set<Subscriber>();
  readonly #rejected: (reason: string) => void;
  #current: Publication | undefined;
  #versions = new Map<string, string>();
  #held = false;
  #closed = false;

  /** @param rejected told of each rejection, also by an Envoy that comes later. */
  constructor(rejected: (reason: string) => void) {
    this.#rejected = rejected;
  }

  /** The fingerprints of what the Envoys that ask were started with, each once. */
  get startedWith(): readonly string[] {
    return [...new Set([...this.#subscribers].filter(({ sent }) => sent !== undefined).map((it) => it.startedWith))];
  }

  /** Gives nobody routes until the next publication: each Envoy keeps those that it has. */
  hold(): void {
    this.#held = true;
  }

  /** Gives these routes to each Envoy that has others, and to those that ask from now on. Never rejects. */
  async publish(publication: Publication): Promise<Verdict> {
    this.#held = false;
    this.#current = publication;
    this.#versions = new Map([...publication.routes].map(([name, bytes]) => [name, shortHash(bytes)]));
    const verdicts = await Promise.all([...this.#subscribers].map((subscriber) => this.#offer(subscriber)));
    const rejection = verdicts.find(({ kind }) => kind === 'rejected');
    return rejection ?? verdicts.find(({ kind }) => kind === 'accepted') ?? { kind: 'unheard' };
  }

  /** Serves one call of Envoy's. */
  serve(call: Call): void {
    const subscriber: Subscriber = {
      call,
      names: [],
      startedWith: '',
      nonce: 0,
      sent: undefined,
      answered: undefined,
    };
    const leave = () => {
      this.#subscribers.delete(subscriber);
      subscriber.answered?.({ kind: 'unheard' });
    };
    followCall(call, (request) => this.#hear(subscriber, request), leave);
    if (this.#closed) call.end();
    else this.#subscribers.add(subscriber);
  }

  /** Ends all calls: Envoy keeps the routes that it has, and asks somebody else. */
  close(): void {
    this.#closed = true;
    for (const { call } of this.#subscribers) call.end();
  }

  #hear(subscriber: Subscriber, request: DiscoveryRequest): void {
    const { versionInfo, resourceNames, responseNonce, errorDetail } = request;
    const isFirst = subscriber.nonce === 0 && subscriber.names.length === 0;
    if (isFirst) {
      // One that has routes already says so, and is sent no others unless they differ.
      subscriber.startedWith = versionInfo.split('.')[1] ?? this.#current?.fingerprint ?? '';
      subscriber.sent = versionInfo === '' ? undefined : versionInfo;
    }
    const asksForOthers = subscriber.names.join('\n') !== resourceNames.join('\n');
    subscriber.names = resourceNames;
    // An answer to a response that another one has followed says nothing of that.
    const isAnswer = responseNonce === String(subscriber.nonce) && subscriber.nonce > 0;
    if (isAnswer && errorDetail !== undefined) this.#rejected(errorDetail.message);
    if (isAnswer) {
      const verdict: Verdict =
        errorDetail === undefined ? { kind: 'accepted' } : { kind: 'rejected', reason: errorDetail.message };
      subscriber.answered?.(verdict);
      subscriber.answered = undefined;
    }
    if (asksForOthers && !this.#held) void this.#offer(subscriber);
  }

  /** Sends it what it asks for, unless it has that, and settles when it has answered. */
  #offer(subscriber: Subscriber): Promise<Verdict> {
    const names = subscriber.names.filter((name) => this.#current?.routes.has(name));
    const version = `${names.map((name) => this.#versions.get(name)).join('-')}.${subscriber.startedWith}`;
    if (names.length === 0 || version === subscriber.sent) return Promise.resolve({ kind: 'unheard' });
    subscriber.answered?.({ kind: 'unheard' });
    subscriber.sent = version;
    subscriber.nonce += 1;
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const timer = setTimeout(() => subscriber.answered?.({ kind: 'unheard' }), PATIENCE);
    subscriber.answered = (verdict) => {
      clearTimeout(timer);
      resolve(verdict);
    };
    subscriber.call.write({
      versionInfo: version,
      resources: names.map((name) => ({
        typeUrl: ROUTE_CONFIGURATION,
        value: Buffer.from(this.#current?.routes.get(name) ?? []),
      })),
      typeUrl: ROUTE_CONFIGURATION,
      nonce: String(subscriber.nonce),
    });
    return promise;
  }
}
