import type { Freshness, Lifetime } from './freshness.ts';
import type { ReadError } from './read-error.ts';

/**
 * A value that is held and read anew before it is too old. Immutable. All times are in ms on the clock of `cache/clock.ts`.
 *
 * It is fresh until `staleAt`, then stale (usable, and being read anew) until `deadAt`, then dead.
 */
export interface Refresh<T, E extends ReadError> {
  readonly value: T | undefined;
  /** When the last read that succeeded began. */
  readonly checkedAt: number;
  readonly staleAt: number;
  readonly deadAt: number;
  /** Since when a read is under way. */
  readonly readingSince: number | undefined;
  /** When the last read that has ended, well or not, had begun. */
  readonly readAt: number;
  /** When it is read in the background. Infinity: when it is asked for. */
  readonly dueAt: number;
  /** Until then a request that finds no value gets the failure at once. */
  readonly askAgainAt: number;
  readonly failure: E | undefined;
  /** Failures of the same kind in a row. */
  readonly failures: number;
  /** Verdicts since the last read that succeeded, whatever other failures came in between. */
  readonly refusals: number;
  readonly refusedSince: number | undefined;
}

/** What happens to a value. */
export type RefreshEvent<T, E extends ReadError> =
  /** A request needs it. */
  | { readonly kind: 'asked' }
  /** It is to be read now, unless a read is under way. */
  | { readonly kind: 'read'; readonly urgent: boolean }
  /** The read that is under way has succeeded. */
  | { readonly kind: 'succeeded'; readonly value: T; readonly lifetime?: Lifetime | undefined }
  /** The read that is under way has failed. */
  | {
      readonly kind: 'failed';
      readonly error: E;
      /** A number at random, 0 to 1, by which many who failed at once come back one after the other. Default 0. */
      readonly jitter?: number;
    }
  /** Time has passed. `idle`: nobody has wanted it lately, so that it is not read until somebody does. */
  | { readonly kind: 'woken'; readonly idle: boolean };

/** What is told about a value. */
export type RefreshNews<T, E extends ReadError> =
  | { readonly kind: 'loaded'; readonly value: T; readonly previous: T | undefined }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'failed'; readonly error: E }
  | { readonly kind: 'purged'; readonly value: T; readonly error: E };

/** What follows for the world: a read to be begun, and news to be told. */
export interface RefreshEffects<T, E extends ReadError> {
  readonly read?: 'urgent' | 'background';
  readonly news: readonly RefreshNews<T, E>[];
}

/** What a value is known by. */
export interface RefreshOptions<T> extends Freshness {
  /** Whether a value that was read is the one that is held already. */
  same(a: T, b: T): boolean;
}

/** How a value is doing: `fresh` and `stale` ones are usable, `dead` means that there is none. */
export type RefreshState = 'fresh' | 'stale' | 'dead';

/** By how much of itself a pause in the background is shortened at most, and by how much one that was asked for is made longer. */
const EARLIEST = 0.2;
const LATEST = 0.1;

const NEVER = Number.NEGATIVE_INFINITY;
const NOTHING = Object.freeze({ news: Object.freeze([]) });

/** One that was never read. */
export function unread<T, E extends ReadError>(): Refresh<T, E> {
  return {
    value: undefined,
    checkedAt: NEVER,
    staleAt: NEVER,
    deadAt: NEVER,
    readingSince: undefined,
    readAt: NEVER,
    dueAt: Number.POSITIVE_INFINITY,
    askAgainAt: NEVER,
    failure: undefined,
    failures: 0,
    refusals: 0,
    refusedSince: undefined,
  };
}

/** The value, if it may be used. */
export function usable<T, E extends ReadError>(it: Refresh<T, E>, now: number): T | undefined {
  return now < it.deadAt ? it.value : undefined;
}

/** Whether there is a usable value, and how old it is. */
export function stateOf<T, E extends ReadError>(it: Refresh<T, E>, now: number): RefreshState {
  if (usable(it, now) === undefined) return 'dead';
  return now < it.staleAt ? 'fresh' : 'stale';
}

/** What becomes of a value, and what follows for the world. */
export function refreshed<T, E extends ReadError>(
  it: Refresh<T, E>,
  event: RefreshEvent<T, E>,
  now: number,
  options: RefreshOptions<T>,
): readonly [Refresh<T, E>, RefreshEffects<T, E>] {
  switch (event.kind) {
    case 'asked': {
      if (usable(it, now) === undefined) return now < it.askAgainAt ? [it, NOTHING] : reading(it, true, now);
      // It was not wanted for a while, or the timer is late: a machine that slept, a process that was stopped.
      return now >= it.staleAt && now >= dueOrAsked(it) ? reading(it, false, now) : [it, NOTHING];
    }
    case 'read':
      return reading(it, event.urgent, now);
    case 'woken':
      if (now < it.dueAt) return [it, NOTHING];
      return event.idle ? [{ ...it, dueAt: Number.POSITIVE_INFINITY }, NOTHING] : reading(it, false, now);
    case 'succeeded':
      return succeeded(it, event.value, event.lifetime, now, options);
    case 'failed':
      return failed(it, event.error, event.jitter ?? 0, now);
  }
}

function dueOrAsked<T, E extends ReadError>({ dueAt }: Refresh<T, E>): number {
  return dueAt === Number.POSITIVE_INFINITY ? NEVER : dueAt;
}

function reading<T, E extends ReadError>(it: Refresh<T, E>, urgent: boolean, now: number) {
  if (it.readingSince !== undefined) return [it, NOTHING] as const;
  const next = { ...it, readingSince: now, dueAt: Number.POSITIVE_INFINITY };
  return [next, { read: urgent ? 'urgent' : 'background', news: [] }] as const;
}

function succeeded<T, E extends ReadError>(
  it: Refresh<T, E>,
  read: T,
  lifetime: Lifetime | undefined,
  now: number,
  options: RefreshOptions<T>,
): readonly [Refresh<T, E>, RefreshEffects<T, E>] {
  const since = it.readingSince ?? now;
  const previous = it.value;
  const isSame = previous !== undefined && options.same(previous, read);
  const value = isSame ? previous : read;
  const staleAt = since + (lifetime?.freshFor ?? options.refreshAfter);
  const next = {
    ...unread<T, E>(),
    value,
    checkedAt: since,
    staleAt,
    deadAt: since + (lifetime?.usableFor ?? options.maxStale),
    readAt: since,
    dueAt: Math.max(now, staleAt),
  };
  return [next, { news: [isSame ? { kind: 'confirmed' } : { kind: 'loaded', value, previous }] }];
}

function failed<T, E extends ReadError>(
  it: Refresh<T, E>,
  error: E,
  jitter: number,
  now: number,
): readonly [Refresh<T, E>, RefreshEffects<T, E>] {
  const { policy } = error;
  const since = it.readingSince ?? now;
  const failures = it.failure?.policy === policy ? it.failures + 1 : 1;
  // An outage in between says nothing: only a read that succeeds takes a refusal back.
  const refusals = it.refusals + (policy.purge === undefined ? 0 : 1);
  const refusedSince = it.refusedSince ?? (policy.purge === undefined ? undefined : now);
  const isRevoked =
    policy.purge !== undefined &&
    refusals >= policy.purge.afterFailures &&
    now - (refusedSince ?? now) >= policy.purge.afterMs;
  const purged = isRevoked || now >= it.deadAt ? it.value : undefined;
  const kept = purged === undefined ? it : { ...it, value: undefined, deadAt: NEVER };
  const cold = Math.min(policy.coldRetry.first * 2 ** Math.min(failures - 1, 30), policy.coldRetry.most);
  // What ends with a purge ends when it was said to.
  const early = policy.purge === undefined ? EARLIEST * jitter : 0;
  const warm = (policy.warmRetry[Math.min(failures, policy.warmRetry.length) - 1] ?? cold) * (1 - early);
  // Whoever says when to come again is not asked before.
  const told = error.retryAfter === undefined ? NEVER : now + error.retryAfter * (1 + LATEST * jitter);
  const next = {
    ...kept,
    readingSince: undefined,
    readAt: since,
    failure: error,
    failures,
    refusals,
    refusedSince,
    // A read that hung for longer than the pause has been a pause itself.
    askAgainAt: Math.max(now, since + cold, told),
    dueAt: Math.max(told, now + (usable(kept, now) === undefined ? Math.max(cold, warm) : warm)),
  };
  return [
    next,
    {
      news: [
        { kind: 'failed', error },
        ...(purged === undefined ? [] : [{ kind: 'purged', value: purged, error } as const]),
      ],
    },
  ];
}
