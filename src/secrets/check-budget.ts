/** Checks in a burst, and milliseconds between checks, while a refusal is new. */
const BURST = 2;
const FIRST_INTERVAL = 500;

/** For how long a refusal is new, in ms. After that the interval doubles with each check, up to the longest. */
const NEW_FOR = 10_000;
const LONGEST_INTERVAL = 60_000;

/** After this long without a wish to check, in ms, the next one is new again. */
const QUIET = 120_000;

/**
 * How often refused requests may make a secret be checked: twice a second for ten seconds, then half as often each time, down
 * to once a minute. A rotation is noticed at once, and a key that is simply wrong costs AWS little.
 */
export class CheckBudget {
  #began = Number.NEGATIVE_INFINITY;
  #wishedAt = Number.NEGATIVE_INFINITY;
  #filledAt = 0;
  #tokens = 0;
  #interval = FIRST_INTERVAL;

  /** Whether a call to AWS may be made now; if so, it counts. */
  take(): boolean {
    const now = performance.now();
    if (now - this.#wishedAt > QUIET) this.#begin(now);
    this.#wishedAt = now;
    const isNew = now - this.#began < NEW_FOR;
    this.#tokens = Math.min(isNew ? BURST : 1, this.#tokens + (now - this.#filledAt) / this.#interval);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    if (!isNew) this.#interval = Math.min(this.#interval * 2, LONGEST_INTERVAL);
    return true;
  }

  /** Milliseconds until {@link take} grants a call; 0 when it would now. */
  get wait(): number {
    const missing = 1 - this.#tokens;
    return Math.max(0, this.#filledAt + missing * this.#interval - performance.now());
  }

  /** Something has changed, so that a refusal is news again. */
  renew(): void {
    this.#wishedAt = Number.NEGATIVE_INFINITY;
  }

  #begin(now: number): void {
    this.#began = now;
    this.#filledAt = now;
    this.#tokens = BURST;
    this.#interval = FIRST_INTERVAL;
  }
}
