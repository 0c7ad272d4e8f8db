import { now } from './clock.ts';
import type { Deadline } from './deadline.ts';
import { type Freshness, jittered, type Lifetime } from './freshness.ts';
import type { ReadError } from './read-error.ts';
import {
  type Refresh,
  type RefreshEvent,
  type RefreshNews,
  type RefreshOptions,
  type RefreshState,
  refreshed,
  stateOf,
  unread,
  usable,
} from './refresh.ts';
import { Waker } from './waker.ts';

/** What a cell needs to know of the value that it holds. */
export interface CellContent<T, E extends ReadError> {
  /** Reads the value anew. Never settles later than its own deadline. */
  load(urgent: boolean): Promise<T>;
  /** Whether a value that was read is the one that is held already. */
  same(a: T, b: T): boolean;
  /** Told of each change of state, in the turn in which it happens. */
  notify(news: RefreshNews<T, E>): void;
  /** Why `load` has rejected. */
  failure(cause: unknown): E;
  /** Why a request got nothing: no answer within `ms` milliseconds. */
  late(ms: number): E;
  /** How long a value lives. Absent: as the cell's freshness says. */
  lifetime?(value: T): Lifetime;
  /** Whether nobody has wanted the value lately, so that it need not be kept fresh until somebody does. Absent: never. */
  isIdle?(): boolean;
}

/**
 * A value that is read over the network, held and kept fresh: carries out what {@link refreshed} says. A request takes what is held
 * at once and waits only when there is no usable value. One read runs at a time, whoever asks; each asker waits no longer
 * than its own deadline.
 */
export class Cell<T extends object, E extends ReadError> {
  readonly #content: CellContent<T, E>;
  readonly #options: RefreshOptions<T>;
  readonly #waker = new Waker(() => this.#step({ kind: 'woken', idle: this.#content.isIdle?.() === true }));
  #it: Refresh<T, E> = unread();
  #reading: Promise<void> | undefined;
  #closed = false;

  constructor(content: CellContent<T, E>, freshness: Freshness) {
    this.#content = content;
    this.#options = { ...jittered(freshness), same: content.same };
  }

  /** The usable value, if there is one. */
  peek(): T | undefined {
    return usable(this.#it, now());
  }

  /**
   * The usable value, at once if there is one.
   *
   * @throws E (or rejects with it) when there is none in time; at once when a read has just failed.
   */
  get(deadline: Deadline): T | Promise<T> {
    const time = now();
    if (time >= this.#it.staleAt) this.#step({ kind: 'asked' });
    const value = usable(this.#it, time);
    if (value !== undefined) return value;
    if (this.#reading === undefined) throw this.#it.failure ?? this.#content.late(deadline.ms);
    return this.#wait(this.#reading, deadline);
  }

  /**
   * Reads the value anew, or waits for the read that is under way. One that fails, or that takes too long, leaves a usable value in
   * use.
   */
  async renew(deadline: Deadline): Promise<void> {
    this.#step({ kind: 'read', urgent: true });
    if (this.#reading !== undefined) await deadline.patiently(this.#reading);
  }

  /** Reads the value in the background, unless a read is under way. */
  readAhead(): void {
    this.#step({ kind: 'read', urgent: false });
  }

  /** Whether there is a usable value, and how old it is. */
  get state(): RefreshState {
    return stateOf(this.#it, now());
  }

  /** Milliseconds for which the value may still be used; 0 or less when there is none. */
  get usableFor(): number {
    return this.#it.deadAt - now();
  }

  /** Why the last read failed; undefined when it did not. */
  get failure(): E | undefined {
    return this.#it.failure;
  }

  /** Milliseconds until a request makes a dead cell ask again; 0 when the next one does. */
  get retryAfter(): number {
    return Math.max(0, this.#it.askAgainAt - now());
  }

  /** Lets go of the value and stops reading it. */
  close(): void {
    this.#closed = true;
    this.#waker.stop();
    this.#it = unread();
  }

  async #wait(reading: Promise<void>, deadline: Deadline): Promise<T> {
    await deadline.wait(reading, this.#content.late);
    const value = this.peek();
    if (value === undefined) throw this.#it.failure ?? this.#content.late(deadline.ms);
    return value;
  }

  #step(event: RefreshEvent<T, E>): void {
    if (this.#closed) return;
    const [next, { read, news }] = refreshed(this.#it, event, now(), this.#options);
    this.#it = next;
    this.#waker.wakeAt(next.dueAt);
    if (read !== undefined) this.#reading = this.#read(read === 'urgent');
    for (const it of news) this.#content.notify(it);
  }

  async #read(urgent: boolean): Promise<void> {
    let event: RefreshEvent<T, E>;
    try {
      // What fails before it begins has failed to be read, too.
      const value = await (async () => this.#content.load(urgent))();
      event = { kind: 'succeeded', value, lifetime: this.#content.lifetime?.(value) };
    } catch (error) {
      event = { kind: 'failed', error: this.#content.failure(error), jitter: Math.random() };
    }
    this.#reading = undefined;
    this.#step(event);
  }
}
