const mostEntries = 100_000;

/**
 * What was seen, in order: lines of a program, entries of an access log, requests that arrived. It keeps the newest
 * 100,000 entries, which is more than any test makes and little enough for a stack that runs for days.
 */
export class Journal<T> {
  /** The entries so far, oldest first. */
  readonly entries: T[] = [];
  readonly #listeners = new Set<(entry: T) => void>();

  add(entry: T): void {
    this.entries.push(entry);
    // Dropped in batches, because each cut moves everything that stays.
    if (this.entries.length > mostEntries * 1.1) {
      this.entries.splice(0, this.entries.length - mostEntries);
    }
    for (const listener of [...this.#listeners]) {
      listener(entry);
    }
  }

  /** Calls `listener` with each entry from now on. Returns a function that ends this. */
  subscribe(listener: (entry: T) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Waits for the first entry that matches, among those already here or still to come.
   *
   * @param what names the entry in the error, for example "the access-log line of /v1/customers"
   * @param timeoutMs milliseconds to wait, 60,000 unless given
   * @throws Error when none came in time
   */
  find(matches: (entry: T) => boolean, what = 'a matching entry', timeoutMs = 60_000): Promise<T> {
    const known = this.entries.find(matches);
    if (known !== undefined) {
      return Promise.resolve(known);
    }
    return new Promise((resolve, reject) => {
      const unsubscribe = this.subscribe((entry) => {
        if (matches(entry)) {
          clearTimeout(timer);
          unsubscribe();
          resolve(entry);
        }
      });
      const timer = setTimeout(() => {
        unsubscribe();
        reject(new Error(`${what} did not come within ${timeoutMs} ms (${this.entries.length} others did)`));
      }, timeoutMs);
    });
  }

  /** Forgets all entries; subscriptions stay. */
  clear(): void {
    this.entries.length = 0;
  }
}
