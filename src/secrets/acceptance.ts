/** How long what was seen counts, in ms. */
const MEMORY = 10_000;

/** After this long, in ms, a version that was tried and not refused counts as taken; and refusals are enough to judge by. */
const CLEAR_AFTER = 250;

/** How many requests are looked back on: when there are more, older ones count half. */
const MOST_USES = 64;

/** How many refusals it takes, at least, before they say something about the key. */
const FEWEST_REFUSALS = 3;

/**
 * Learns which version of a secret a destination takes, from nothing but refusals: a request that is taken is not heard of
 * again. A version counts as refused when at least half of the requests that carry it are, so that a 401 for another
 * reason (one path, one caller) changes nothing; and as taken when it was tried after a refusal and did not come back.
 */
export class Acceptance {
  #since = Number.NEGATIVE_INFINITY;
  #uses = 0;
  #refusals = 0;
  #widelyRefused = false;
  readonly #others = new Map<string, { triedAt: number; refused: boolean }>();

  /** Whether refusals are being counted, so that uses must be told. */
  get watching(): boolean {
    return this.#since !== Number.NEGATIVE_INFINITY;
  }

  /** A request goes out with the version that is used by default. */
  used(): void {
    this.#uses += 1;
    if (this.#uses <= MOST_USES) return;
    this.#uses /= 2;
    this.#refusals /= 2;
  }

  /**
   * A request that carried the default version was refused.
   *
   * @returns true when with this one the version has become widely refused: something has changed.
   */
  refused(): boolean {
    const now = performance.now();
    if (now - this.#since > MEMORY) this.#begin(now);
    this.#refusals += 1;
    const before = this.#widelyRefused;
    this.#widelyRefused ||= this.#isWidelyRefused();
    return this.#widelyRefused && !before;
  }

  /** Whether most requests that carry the default version are refused. */
  get widelyRefused(): boolean {
    return this.#widelyRefused;
  }

  /** A refused request goes out again with another version. */
  tried(version: string): void {
    if (!this.#others.has(version)) this.#others.set(version, { triedAt: performance.now(), refused: false });
  }

  /** A request that carried another version was refused too. */
  refusedToo(version: string): void {
    this.#others.set(version, { triedAt: performance.now(), refused: true });
  }

  /** Another version that is taken where the default one is refused; undefined as long as that is not clear. */
  get better(): string | undefined {
    if (!this.#isWidelyRefused()) return undefined;
    const now = performance.now();
    for (const [version, { triedAt, refused }] of this.#others) {
      if (!refused && now - triedAt > CLEAR_AFTER) return version;
    }
    return undefined;
  }

  /** Another version is the default one from now on: what was seen says nothing about it. */
  reset(): void {
    this.#since = Number.NEGATIVE_INFINITY;
    this.#uses = 0;
    this.#refusals = 0;
    this.#widelyRefused = false;
    this.#others.clear();
  }

  #isWidelyRefused(): boolean {
    const isEnough = this.#refusals >= FEWEST_REFUSALS && performance.now() - this.#since >= CLEAR_AFTER;
    return isEnough && this.#refusals * 2 >= this.#uses;
  }

  #begin(now: number): void {
    // Only when requests went well in the meantime are further refusals news.
    if (this.#uses > this.#refusals * 4) this.#widelyRefused = false;
    this.#since = now;
    this.#uses = 0;
    this.#refusals = 0;
    this.#others.clear();
  }
}
