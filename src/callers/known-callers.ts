import { parseSourceAddress } from './address.ts';
import type { Caller } from './caller.ts';
import type { Claims } from './claim.ts';
import { parseUriSan } from './spiffe.ts';

/** How many are remembered, of each kind. */
const MOST_KNOWN = 10_000;

/** By the attributes as Envoy sends them: the certificate, then the address with its port. */
const byAttributes = new Map<string, Map<string, Caller>>();

/** By what the attributes mean, so that a caller who connects anew is the same. */
const byMeaning = new Map<string, Caller>();

let known = 0;

/**
 * The caller whom Envoy's attributes name. As long as it is remembered, the same caller is the same object, so that what was
 * decided about it is found without looking at it again; but one with claims is a new object each time.
 *
 * @param address the attribute `source.address`.
 * @param uriSan the attribute `connection.uri_san_peer_certificate`.
 */
export function callerOf(address: unknown, uriSan: unknown, claims: Claims | undefined): Caller {
  const peer = typeof address === 'string' ? address : '';
  const uri = typeof uriSan === 'string' ? uriSan : '';
  const caller = byAttributes.get(uri)?.get(peer) ?? remember(peer, uri);
  return claims === undefined ? caller : { ...caller, claims };
}

function remember(peer: string, uri: string): Caller {
  if (known >= MOST_KNOWN) forgetAll();
  known += 1;
  const address = parseSourceAddress(peer);
  const uriSan = parseUriSan(uri);
  const meaning = `${uriSan ?? ''} ${address ?? ''}`;
  let caller = byMeaning.get(meaning);
  if (caller === undefined) {
    caller = Object.freeze({ address, uriSan, claims: undefined });
    byMeaning.set(meaning, caller);
  }
  let ofUri = byAttributes.get(uri);
  if (ofUri === undefined) {
    ofUri = new Map();
    byAttributes.set(uri, ofUri);
  }
  ofUri.set(peer, caller);
  return caller;
}

function forgetAll(): void {
  byAttributes.clear();
  byMeaning.clear();
  known = 0;
}
