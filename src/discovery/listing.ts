import type { WayIn } from '../integrations/way-in.ts';
import { libraryLines } from '../vendors/library.ts';
import { librariesOf, VENDORS } from '../vendors/vendors.ts';
import type { AskedAt } from './asked-at.ts';
import type { Usable } from './usable.ts';

/** What is told of an integration to whoever may use it: nothing of its secret, not even the name. */
export interface Listing {
  readonly name: string;
  /** What a caller puts in the place of the API's own address, the nearest name first. A `*` is Envoy's wildcard. */
  readonly baseUrls: readonly string[];
  /**
   * How client libraries are pointed at it, a line each: at its nearest address or, for who asks on Envoy's own machine, at the name
   * that is found by `findsNames`. Absent: no library is known, or no plain http address.
   */
  readonly libraries?: readonly string[];
  /** Which paths its routes take, in words. Absent: all of them. */
  readonly only?: readonly string[];
  /** Where the requests go. */
  readonly host: string;
  /** Methods and paths that are allowed: one of these must match. TRACE, TRACK and DEBUG never are, whatever they say. */
  readonly allow: readonly string[];
  /** What the request gets on its way: each kind of credential, and where it is put. */
  readonly authentication: readonly { readonly kind: string; readonly sets: readonly string[] }[];
  /** Whether the credential is taken out of responses. */
  readonly redacted: boolean;
  /** A field of the body that the API would take as a credential: leave it out, since bodies are passed on as they are. */
  readonly leaveOutOfBodies?: string;
  /** The rule by which the caller may, as it was written, or `anyone`. */
  readonly allowedBy: string;
  /** The EC2 instance whose tag it is. */
  readonly instance?: string;
}

const IN_BODY: ReadonlyMap<string, string> = new Map(
  [...VENDORS.values()].flatMap(({ host, inBody }) => (inBody === undefined ? [] : [[host, inBody] as const])),
);

/** How `allow` says everything. */
export const EVERYTHING = '* /**';

/** What is told of one integration. */
export function listingOf({ integration, by, instance }: Usable, asked: AskedAt): Listing {
  const { name, host, waysIn, allow, kinds, redact } = integration;
  const inBody = IN_BODY.get(host);
  const only = waysIn.flatMap((way) => (way.only === undefined ? [] : [way.only]));
  const baseUrls = [...new Set(nearestFirst(waysIn, asked).map((way) => urlOf(way, asked)))];
  const names = onThisMachine(asked) ? byName(waysIn) : [];
  const libraries = linesFor(name, host, names.length > 0 ? names : baseUrls);
  return {
    name,
    baseUrls,
    ...(libraries.length === 0 ? {} : { libraries }),
    ...(only.length === 0 || only.length < waysIn.length ? {} : { only: [...new Set(only)] }),
    host,
    allow: allow?.map(({ text }) => text) ?? [EVERYTHING],
    authentication: kinds.map(({ kind, places }) => ({ kind, sets: places })),
    redacted: redact,
    ...(inBody === undefined ? {} : { leaveOutOfBodies: inBody }),
    allowedBy: by,
    ...(instance === undefined ? {} : { instance }),
  };
}

/** Whether the caller has asked by a name under `.localhost`, which curl and browsers take for their own machine, and libraries do not. */
export function onThisMachine({ scheme, zone }: AskedAt): boolean {
  return scheme === 'http' && /(?:^|\.)localhost$/.test(zone);
}

/** The addresses by which it is found through Envoy as a proxy: any but those that programs take for their own machine. */
function byName(ways: readonly WayIn[]): string[] {
  const named = ways.filter(({ domain }) => !/(?:^|\.)localhost(?::\d+)?$/.test(domain));
  return named.map((way) => urlOf(way, { scheme: 'http', port: '', zone: '' }));
}

/** The catalogue's lines, for the first address that is a host and no more. */
function linesFor(name: string, host: string, baseUrls: readonly string[]): string[] {
  const [, address] = baseUrls.map((url) => /^http:\/\/([^/*]+)$/.exec(url)).find((found) => found !== null) ?? [];
  return address === undefined ? [] : libraryLines(librariesOf(name, host), address);
}

function urlOf({ domain, prefix }: WayIn, { scheme, port }: AskedAt): string {
  return `${scheme}://${domain}${/:\d+$/.test(domain) ? '' : port}${prefix}`;
}

/** Names beside the one that the caller has used come first, and wildcards last. */
function nearestFirst(ways: readonly WayIn[], { zone }: AskedAt): WayIn[] {
  const distance = ({ domain }: WayIn) => {
    if (domain.includes('*')) return 2;
    return zone !== '' && domain.slice(domain.indexOf('.') + 1) === zone ? 0 : 1;
  };
  return [...ways].sort((a, b) => distance(a) - distance(b));
}
