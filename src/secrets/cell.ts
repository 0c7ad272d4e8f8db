import type { ReadError } from './read-error.ts';
import { withDeadline } from './with-deadline.ts';

/** How old a value may be and how long a request waits for one. All in milliseconds. */
export interface Freshness {
  /** A value checked longer ago than this is checked again in the background. Each cell takes 0.8 to 1.0 of it. */
  readonly refreshAfter: number;
  /** A value whose last successful check began longer ago than this is not used any more. A failed check never extends it. */
  readonly maxStale: number;
  /** How long a request waits when there is no usable value. */
  readonly fetchDeadline: number;
}

/** How long a value lives that has a life of its own, in milliseconds from the moment in which reading it began. */
export interface Lifetime {
  /** After this it is read anew in the background. */
  readonly freshFor: number;
  /** After this it is not used any more. */
  readonly usableFor: number;
}

/** What a cell tells about itself. */
export type CellEvent<T, E extends ReadError> =
  | { readonly kind: 'loaded'; readonly value: T; readonly previous: T | undefined }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'failed'; readonly error: E }
  | { readonly kind: 'purged'; readonly value: T; readonly error: E };

/** What a cell needs to know of the value that it holds. */
export interface CellContent<T, E extends ReadError> {
  /** Reads the value anew. Never settles later than its own deadline. */
  load(urgent: boolean): Promise<T>;
  /** Whether a value that was read is the one that is held already. */
  same(a: T, b: T): boolean;
  /** Told of each change of state, in the turn in which it happens. */
  notify(event: CellEvent<T, E>): void;
  /** Why `load` has rejected. */
  failure(cause: unknown): E;
  /** Why a request got nothing: no answer within `ms` milliseconds. */
  late(ms: number): E;
  /** How long a value lives. Absent: as the cell's freshness says. */
  lifetime?(value: T): Lifetime;
  /** Whether nobody has wanted the value lately, so that it need not be kept fresh until somebody does. Absent: never. */
  isIdle?(): boolean;
}

/** The longest time for which a timer is set, in ms: Node's own limit is 24.8 days. */
const LONGEST_TIMER = 24 * 3_600_000;

/** How a cell is doing: `fresh` and `stale` values are usable, `dead` means that there is none. */
export type CellState = 'fresh' | 'stale' | 'dead';

/**
 * A value that is read over the network, held and kept fresh. A request takes what is held at once and waits only when
 * there is no usable value. One read runs at a time, whoever asks; each asker waits no longer than its own deadline.
 */
export class Cell<T extends object, E extends ReadError> {
  readonly #content: CellContent<T, E>;
  readonly #freshness: Freshness;
  readonly #refreshAfter: number;
  #value: T | undefined;
  /** When the last successful check began; monotonic, as all times here. */
  #checkedAt = Number.NEGATIVE_INFINITY;
  #staleAt = Number.NEGATIVE_INFINITY;
  #deadAt = Number.NEGATIVE_INFINITY;
  #failure: E | undefined;
  #failures = 0;
  /** Verdicts since the last read that succeeded, whatever other failures came in between. */
  #refusals = 0;
  #refusedSince: number | undefined;
  #askAgainAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dormant = false;
  #closed = false;

  constructor(content: CellContent<T, E>, freshness: Freshness) {
    this.#content = content;
    this.#freshness = freshness;
    // Many processes start at once: the jitter keeps them from asking at once ever after.
    this.#refreshAfter = freshness.refreshAfter * (0.8 + 0.2 * Math.random());
  }

  /** The usable value, if there is one. */
  peek(): T | undefined {
    return performance.now() < this.#deadAt ? this.#value : undefined;
  }

  /**
   * The usable value, at once if there is one.
   *
   * @throws E (or rejects with it) when there is none within `fetchDeadline`; at once when a read has just failed.
   */
  get(): T | Promise<T> {
    if (this.#dormant) void this.#load(false);
    const value = this.peek();
    if (value !== undefined) return value;
    if (this.#failure !== undefined && performance.now() < this.#askAgainAt) throw this.#failure;
    return this.#wait(this.#load(true));
  }

  /**
   * Checks the value, so that what is held afterwards was read no earlier than now. A check that fails, or that takes longer than
   * `fetchDeadline`, leaves a usable value in use.
   */
  async check(): Promise<void> {
    const since = performance.now();
    await this.#patiently(this.#loading);
    if (this.#checkedAt < since) await this.#patiently(this.#load(true));
  }

  /**
   * Reads the value anew, or waits for the read that is under way. One that fails, or that takes longer than `fetchDeadline`,
   * leaves a usable value in use.
   */
  renew(): Promise<void> {
    return this.#patiently(this.#load(true));
  }

  /** Reads the value in the background, unless a read is under way. Settles when it has ended, well or not. */
  refresh(): Promise<void> {
    return this.#load(false);
  }

  /** Whether there is a usable value, and how old it is. */
  get state(): CellState {
    if (this.peek() === undefined) return 'dead';
    return performance.now() < this.#staleAt ? 'fresh' : 'stale';
  }

  /** Milliseconds since the last successful check began; Infinity before the first one. */
  get age(): number {
    return performance.now() - this.#checkedAt;
  }

  /** Milliseconds for which the value may still be used; 0 or less when there is none. */
  get usableFor(): number {
    return this.#deadAt - performance.now();
  }

  /** Why the last read failed; undefined when it did not. */
  get failure(): E | undefined {
    return this.#failure;
  }

  /** Milliseconds until a request makes a dead cell ask again; 0 when the next one does. */
  get retryAfter(): number {
    return Math.max(0, this.#askAgainAt - performance.now());
  }

  /** Lets go of the value and stops checking it. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#value = undefined;
    this.#deadAt = Number.NEGATIVE_INFINITY;
  }

  async #patiently(done: Promise<void> | undefined): Promise<void> {
    if (done === undefined) return;
    await withDeadline(done, this.#freshness.fetchDeadline, () => this.#late()).catch(() => undefined);
  }

  async #wait(done: Promise<void>): Promise<T> {
    await withDeadline(done, this.#freshness.fetchDeadline, () => this.#late());
    const value = this.peek();
    if (value === undefined) throw this.#failure ?? this.#late();
    return value;
  }

  #late(): E {
    return this.#content.late(this.#freshness.fetchDeadline);
  }

  #load(urgent: boolean): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    this.#dormant = false;
    clearTimeout(this.#timer);
    this.#loading = this.#read(urgent, performance.now()).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(urgent: boolean, since: number): Promise<void> {
    try {
      const value = await this.#content.load(urgent);
      if (!this.#closed) this.#succeed(value, since);
    } catch (error) {
      if (!this.#closed) this.#fail(this.#content.failure(error), since);
    }
  }

  #succeed(value: T, since: number): void {
    const previous = this.#value;
    const same = previous !== undefined && this.#content.same(previous, value);
    if (!same) this.#value = value;
    const life = this.#content.lifetime?.(this.#value ?? value);
    this.#checkedAt = since;
    this.#staleAt = since + (life?.freshFor ?? this.#freshness.refreshAfter);
    this.#deadAt = since + (life?.usableFor ?? this.#freshness.maxStale);
    this.#failure = undefined;
    this.#failures = 0;
    this.#refusals = 0;
    this.#refusedSince = undefined;
    this.#schedule(life === undefined ? this.#refreshAfter : this.#staleAt - performance.now());
    this.#content.notify(same ? { kind: 'confirmed' } : { kind: 'loaded', value, previous });
  }

  #fail(error: E, since: number): void {
    const now = performance.now();
    const { policy } = error;
    this.#failures = this.#failure?.policy === policy ? this.#failures + 1 : 1;
    this.#failure = error;
    this.#content.notify({ kind: 'failed', error });
    const { purge } = policy;
    // An outage in between says nothing: only a read that succeeds takes a refusal back.
    if (purge !== undefined) {
      this.#refusals += 1;
      this.#refusedSince ??= now;
    }
    const isRevoked =
      purge !== undefined &&
      this.#refusals >= purge.afterFailures &&
      now - (this.#refusedSince ?? now) >= purge.afterMs;
    if (isRevoked || now >= this.#deadAt) this.#purge(error);
    const cold = Math.min(policy.coldRetry.first * 2 ** (this.#failures - 1), policy.coldRetry.most);
    // A read that hung for longer than the pause has been a pause itself.
    this.#askAgainAt = Math.max(now, since + cold);
    const warm = policy.warmRetry[Math.min(this.#failures, policy.warmRetry.length) - 1] ?? cold;
    this.#schedule(this.peek() === undefined ? Math.max(cold, warm) : warm);
  }

  #purge(error: E): void {
    const value = this.#value;
    if (value === undefined) return;
    this.#value = undefined;
    this.#deadAt = Number.NEGATIVE_INFINITY;
    this.#content.notify({ kind: 'purged', value, error });
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => this.#due(), Math.min(ms, LONGEST_TIMER));
    this.#timer.unref();
  }

  #due(): void {
    if (this.#content.isIdle?.() === true) this.#dormant = true;
    else void this.#load(false);
  }
}
