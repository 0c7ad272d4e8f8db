import { type Caller, callerName } from '../callers/caller.ts';
import { proxyLine } from '../vendors/proxy-line.ts';
import type { AskedAt } from './asked-at.ts';
import { type Listing, onThisMachine } from './listing.ts';
import type { Found } from './usable.ts';

/** What a caller is told about itself and what it may use. No secret, and no name of one. */
export interface DiscoveryAnswer {
  readonly caller: {
    /** In one word: the name in its certificate or, without one, its address. */
    readonly name: string;
    /** What Envoy has seen of it: `certificate`, `address`, `token`. Nothing that the caller says of itself counts. */
    readonly knownBy: readonly string[];
    readonly certificate?: string;
    readonly address?: string;
  };
  /** What is typed in a shell before the lines of `libraries`, for who asks on Envoy's own machine. Absent: they need nothing. */
  readonly findsNames?: string;
  /** By name. */
  readonly integrations: readonly Listing[];
  /** False while it cannot be told of some integrations whether the caller may use them. */
  readonly complete: boolean;
  /** Sentences for the reader. */
  readonly notes: readonly string[];
  /** Which page this is, from 1, and how many there are. */
  readonly page: number;
  readonly pages: number;
  /** Where the next page is. Absent on the last one. */
  readonly next?: string;
}

/**
 * What a caller is told on one page.
 *
 * @param asked.page from 1.
 */
export function discoveryAnswer(
  caller: Caller,
  { usable, unknown }: Found,
  pages: readonly (readonly Listing[])[],
  { page, at }: { readonly page: number; readonly at: AskedAt },
): DiscoveryAnswer {
  const about = whoAsks(caller);
  const { knownBy } = about;
  const notes = [
    ...(knownBy.length === 0 ? [NOTHING_KNOWN] : []),
    ...(unknown === undefined ? [] : [`Some integrations may be missing: ${unknown.message}.`]),
    ...(usable.length === 0 ? [NOTHING_OPEN] : []),
    ...(usable.length > 0 && pages.flat().every(({ baseUrls }) => baseUrls.length === 0) ? [NO_NAMES] : []),
    ...(page < pages.length ? [`This is page ${page} of ${pages.length}.`] : []),
  ];
  return {
    caller: about,
    ...(onThisMachine(at) ? { findsNames: proxyLine(`127.0.0.1${at.port}`) } : {}),
    integrations: pages[page - 1] ?? [],
    complete: unknown === undefined,
    notes,
    page,
    pages: pages.length,
    ...(page < pages.length ? { next: `/?page=${page + 1}` } : {}),
  };
}

/** What a caller is told of itself. */
export function whoAsks(caller: Caller): DiscoveryAnswer['caller'] {
  const { uriSan, address, claims } = caller;
  const knownBy = Object.entries({ certificate: uriSan, address, token: claims }).flatMap(([by, known]) =>
    known === undefined ? [] : [by],
  );
  return {
    name: callerName(caller),
    knownBy,
    ...(uriSan === undefined ? {} : { certificate: uriSan }),
    ...(address === undefined ? {} : { address }),
  };
}

const NOTHING_KNOWN =
  'Envoy says nothing about who you are, so only what is open to everybody is listed. Add source.address to request_attributes of the filter discovery.';
const NOTHING_OPEN = 'Nothing is open to you. Who runs this proxy can add you to the callers of an integration.';
const NO_NAMES = "Attaché does not read Envoy's routes here, so it cannot tell the addresses: ask who runs this proxy.";
