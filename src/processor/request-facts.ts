import type { Caller } from '../callers/caller.ts';
import { claimsOf } from '../callers/claim.ts';
import { callerOf } from '../callers/known-callers.ts';
import type { RequestToInject } from '../credentials/kind.ts';
import { BODIES_ATTRIBUTE } from '../integrations/body-override.ts';
import { type Attempt, attemptsBefore, isRefusal } from './attempts.ts';
import type { HttpHeaders, ProcessingRequest } from './gen/envoy/service/ext_proc/v3/external_processor.ts';

/** What is known of a request, in plain values: all that a decision needs, and nothing of gRPC. */
export interface RequestFacts extends Omit<RequestToInject, 'attempt'> {
  /** The integration that the route names; undefined when it names none. */
  readonly integration: string | undefined;
  /** 1 for the first attempt, 2 for the first retry, …; 0 when asked before routing. Undefined when Envoy does not say. */
  readonly attempt: number | undefined;
  /** Whether a body follows that has not been read. */
  readonly hasUnreadBody: boolean;
  /** Whether Envoy hands a body over when it is asked to. */
  readonly givesBodies: boolean;
  /** Whether it asks Attaché itself what it may use. Then it must get no credential, whatever else is known of it. */
  readonly isDiscovery: boolean;
  /** Who asks. */
  readonly caller: Caller;
  /** The attempts before this one that went on with a credential. Read from the message only when it is asked for. */
  readonly before: () => readonly Attempt[];
}

/** The namespace in which it leaves, encrypted, what a response must not bring back. No access log prints it. */
export const SEALED_NAMESPACE = 'attache.redact';

/** Under this key Envoy sends the attributes, however the filter is named. */
const FILTER = 'envoy.filters.http.ext_proc';

/** The attributes that the filter must be configured to send: each is an expression, and its text is its key. */
export const INTEGRATION_ATTRIBUTE = "xds.route_metadata.filter_metadata['attache']['integration']";
export const ATTEMPT_ATTRIBUTE = 'upstream.request_attempt_count';

/** The connection's own peer, and the first URI in the certificate that it has shown and Envoy has verified. */
export const ADDRESS_ATTRIBUTE = 'source.address';
export const URI_SAN_ATTRIBUTE = 'connection.uri_san_peer_certificate';

/**
 * A constant that the filter for discovery sends. No header says so and no route: what the running filter itself says is how a
 * question about integrations is told from one for a credential.
 */
export const DISCOVERY_ATTRIBUTE = "'discovery'";

/**
 * The facts in a message about request headers. What most requests do not need is read from it when it is asked for.
 *
 * @param body the whole body, once it was asked for and has come.
 * @see https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
 */
export function requestFacts(request: ProcessingRequest, headers: HttpHeaders, body?: Buffer): RequestFacts {
  return new HeadersOfRequest(request, headers, body);
}

/** What no name of a header has that all servers read alike; a colon begins those of HTTP/2 itself. */
const ODD = /[^a-z0-9:-]/;
const NONE: readonly string[] = [];

class HeadersOfRequest implements RequestFacts {
  readonly integration: string | undefined;
  readonly attempt: number | undefined;
  readonly authority: string;
  readonly body: Buffer | undefined;
  readonly hasUnreadBody: boolean;
  readonly before: () => readonly Attempt[];
  readonly wasInjected: () => boolean;
  readonly refusedTokens: () => readonly string[];
  readonly headers: () => readonly (readonly [string, string])[];
  readonly #headers: HttpHeaders;
  readonly #metadata: Record<string, unknown> | undefined;
  readonly #attributes: Readonly<Record<string, unknown>> | undefined;

  constructor(request: ProcessingRequest, headers: HttpHeaders, body: Buffer | undefined) {
    this.#headers = headers;
    this.#attributes = attributesOf(request);
    this.#metadata = request.metadataContext?.filterMetadata;
    const integration = this.#attributes?.[INTEGRATION_ATTRIBUTE];
    const attempt = this.#attributes?.[ATTEMPT_ATTRIBUTE];
    this.integration = typeof integration === 'string' && integration !== '' ? integration : undefined;
    this.attempt = typeof attempt === 'number' && Number.isInteger(attempt) && attempt >= 0 ? attempt : undefined;
    this.authority = this.#header(':authority');
    this.body = body;
    this.hasUnreadBody = !headers.endOfStream && body === undefined;
    this.before = () => attemptsBefore(request);
    this.wasInjected = () => this.before().length > 0;
    this.refusedTokens = () => this.before().flatMap(({ status, tokens }) => (isRefusal(status) ? tokens : []));
    this.headers = () => fields(headers);
  }

  get method(): string {
    return this.#header(':method');
  }

  get path(): string {
    return this.#header(':path');
  }

  get caller(): Caller {
    const attributes = this.#attributes;
    return callerOf(attributes?.[ADDRESS_ATTRIBUTE], attributes?.[URI_SAN_ATTRIBUTE], claimsOf(this.#metadata));
  }

  oddNames(): readonly string[] {
    const named = this.#headers.headers?.headers ?? [];
    return named.some(({ key }) => ODD.test(key)) ? named.flatMap(({ key }) => (ODD.test(key) ? [key] : [])) : NONE;
  }

  get isDiscovery(): boolean {
    return this.#attributes?.[DISCOVERY_ATTRIBUTE] === 'discovery';
  }

  get givesBodies(): boolean {
    return this.#attributes?.[BODIES_ATTRIBUTE] === 'allow_mode_override';
  }

  /** Empty when it is missing. */
  #header(name: string): string {
    for (const { key, rawValue } of this.#headers.headers?.headers ?? []) {
      if (key === name) return rawValue.toString('latin1');
    }
    return '';
  }
}

/** The same request as its caller made it, with this path in the place of what an earlier attempt has put there. */
export function withPath<T extends RequestFacts>(facts: T, path: string): T {
  const { integration, attempt, method, authority, caller, isDiscovery, givesBodies } = facts;
  const oddNames = () => facts.oddNames();
  return { ...facts, integration, attempt, method, authority, caller, isDiscovery, givesBodies, oddNames, path };
}

/** What the filter is configured to tell. */
export function attributesOf(request: ProcessingRequest): Readonly<Record<string, unknown>> | undefined {
  return request.attributes[FILTER];
}

function fields(headers: HttpHeaders): [string, string][] {
  return (headers.headers?.headers ?? []).map(({ key, rawValue }) => [key, rawValue.toString('latin1')]);
}
