import { now } from './clock.ts';

/** The longest time for which a timer is set, in ms: Node's own limit is 24.8 days. */
const LONGEST_TIMER = 24 * 3_600_000;

/** One timer that is set anew only when what it is for comes sooner. It keeps no process alive. */
export class Waker {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Number.POSITIVE_INFINITY;
  #setFor = Number.POSITIVE_INFINITY;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Calls `wake` at this time and not before, in ms on the clock; Infinity for never. Replaces what was said before. */
  wakeAt(at: number): void {
    this.#at = at;
    if (at >= this.#setFor) return;
    this.#set(at);
  }

  /** Never calls it again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#at = Number.POSITIVE_INFINITY;
    this.#setFor = Number.NEGATIVE_INFINITY;
  }

  #set(at: number): void {
    clearTimeout(this.#timer);
    this.#setFor = at;
    this.#timer = setTimeout(() => this.#rung(), Math.min(Math.max(0, Math.ceil(at - now())), LONGEST_TIMER));
    this.#timer.unref();
  }

  #rung(): void {
    this.#setFor = Number.POSITIVE_INFINITY;
    if (now() >= this.#at) this.#wake();
    else if (this.#at < Number.POSITIVE_INFINITY) this.#set(this.#at);
  }
}
