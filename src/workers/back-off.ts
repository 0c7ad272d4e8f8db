/** How a worker ended, as far as it matters for when to start the next one. */
export interface Lifetime {
  /** How long it lived, in ms. */
  readonly lived: number;
  /** Whether it was able to answer Envoy. */
  readonly wasReady: boolean;
  /** Whether it was killed from outside (SIGKILL), which says nothing about how the next one will do. */
  readonly killed: boolean;
}

/** Waits in ms. */
export interface Waits {
  readonly first: number;
  readonly most: number;
  /** A worker that lived this long starts the count anew. */
  readonly forgiven: number;
}

/** 100 ms, doubling to 5 s, from the start again after a life of 10 s. */
export const WAITS: Waits = { first: 100, most: 5_000, forgiven: 10_000 };

/**
 * How long to wait before a worker is started again. A worker that keeps ending by itself waits longer each time. One that was
 * ready and was then killed from outside is replaced at the first wait, however often: capacity is what is missing then.
 */
export class BackOff {
  readonly #waits: Waits;
  #next: number;

  constructor(waits: Waits = WAITS) {
    this.#waits = waits;
    this.#next = waits.first;
  }

  /** The wait in ms after a worker has ended. */
  after({ lived, wasReady, killed }: Lifetime): number {
    const { first, most, forgiven } = this.#waits;
    if (lived >= forgiven || (killed && wasReady)) this.#next = first;
    const wait = this.#next;
    this.#next = Math.min(most, wait * 2);
    return wait;
  }
}
