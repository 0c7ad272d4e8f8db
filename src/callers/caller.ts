import type { Claims } from './claim.ts';

/** What is known of who asks. All of it comes from Envoy, none from what the caller says of itself. */
export interface Caller {
  /** The connection's own peer, by `parseSourceAddress`. */
  readonly address: string | undefined;
  /** The SPIFFE ID of the client certificate that Envoy has verified, by `parseUriSan`. */
  readonly uriSan: string | undefined;
  /** The claims of the token that Envoy has verified, by `claimsOf`. */
  readonly claims: Claims | undefined;
}

/** A caller in one word, for a log or a message: the name in its certificate or, without one, its address. */
export function callerName({ uriSan, address }: Caller): string {
  return uriSan ?? address ?? 'unknown';
}
