/** How long what was seen counts, in ms. */
const MEMORY = 10_000;

/** After this long, in ms, a version that was tried and not refused counts as taken; and refusals are enough to judge by. */
const CLEAR_AFTER = 250;

/** How many requests are looked back on: when there are more, older ones count half. */
const MOST_USES = 64;

/** How many refusals it takes, at least, before they say something about the key. */
const FEWEST_REFUSALS = 3;

/** The last attempt of which it is taken for granted that another one follows when it is refused. */
const HEARD = 2;

/**
 * Learns which version of a secret a destination takes, from nothing but refusals: a request that is taken is not heard of
 * again. A version counts as refused when at least half of the requests that carry it are, so that a 401 for another
 * reason (one path, one caller) changes nothing; and as taken when it was tried after a refusal and did not come back.
 *
 * What is seen of one integration. Immutable; all times in ms on the clock.
 */
export interface Acceptance {
  readonly since: number;
  /** Requests that went out with the default version. */
  readonly uses: number;
  /** Those that came back refused. */
  readonly refusals: number;
  /** Whether most requests that carry the default version are refused. */
  readonly widelyRefused: boolean;
  /** The latest attempt that was seen: the refusal of the one after it would not be heard. */
  readonly deepest: number;
  /** The other versions that refused requests went out with again. */
  readonly others: ReadonlyMap<string, { readonly triedAt: number; readonly refused: boolean }>;
}

/** Nothing was seen yet. */
export const UNSEEN: Acceptance = Object.freeze({
  since: Number.NEGATIVE_INFINITY,
  uses: 0,
  refusals: 0,
  widelyRefused: false,
  deepest: 0,
  others: new Map(),
});

/** Whether refusals are being counted, so that uses must be told. */
export function isWatching({ since }: Acceptance): boolean {
  return since !== Number.NEGATIVE_INFINITY;
}

/** Whether refusals were seen lately, so that every request counts. */
export function isLookedInto({ since }: Acceptance, now: number): boolean {
  return now - since <= MEMORY;
}

/** A request goes out with the default version. */
export function used(it: Acceptance): Acceptance {
  const uses = it.uses + 1;
  return uses > MOST_USES ? { ...it, uses: uses / 2, refusals: it.refusals / 2 } : { ...it, uses };
}

/** A request that carried the default version was refused. */
export function refused(it: Acceptance, now: number): Acceptance {
  const begun = now - it.since > MEMORY ? begin(it, now) : it;
  const next = { ...begun, refusals: begun.refusals + 1 };
  return { ...next, widelyRefused: next.widelyRefused || isWidelyRefused(next, now) };
}

/** A refused request goes out again with another version, in this attempt. */
export function tried(it: Acceptance, version: string, attempt: number, now: number): Acceptance {
  const deepest = Math.max(it.deepest, attempt);
  // Were it refused in the last attempt, nobody would say so: that it does not come back is no sign.
  const isHeard = attempt <= HEARD || attempt < deepest;
  if (!isHeard || it.others.has(version)) return { ...it, deepest };
  return { ...it, deepest, others: new Map(it.others).set(version, { triedAt: now, refused: false }) };
}

/** A request that carried another version was refused too. */
export function refusedToo(it: Acceptance, version: string, now: number): Acceptance {
  return { ...it, others: new Map(it.others).set(version, { triedAt: now, refused: true }) };
}

/** Whether another version was refused lately. */
export function isRefused(it: Acceptance, version: string): boolean {
  return it.others.get(version)?.refused === true;
}

/** Whether a version is taken where the default one is refused; false as long as that is not clear. */
export function isBetter(it: Acceptance, version: string, now: number): boolean {
  const other = it.others.get(version);
  return other !== undefined && !other.refused && now - other.triedAt > CLEAR_AFTER && isWidelyRefused(it, now);
}

function isWidelyRefused({ refusals, since, uses }: Acceptance, now: number): boolean {
  return refusals >= FEWEST_REFUSALS && now - since >= CLEAR_AFTER && refusals * 2 >= uses;
}

function begin({ uses, refusals, widelyRefused, deepest }: Acceptance, now: number): Acceptance {
  // Only when requests went well in the meantime are further refusals news.
  return { ...UNSEEN, since: now, widelyRefused: widelyRefused && uses <= refusals * 4, deepest };
}
